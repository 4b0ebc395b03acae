"""senet3d: squeeze and excitation in three dimensions (Hu, Shen & Sun, CVPR 2018, with convolutions along all axes)."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Literal

from pydantic import Field, PositiveInt

from features.deep.monai_family import MonaiFamily, Solid, monai

if TYPE_CHECKING:
    import torch


class SENet3D(MonaiFamily):
    """Layers as in the authors' release."""

    kind: Literal["senet3d"] = "senet3d"
    variant: Literal[
        "seresnet3d_50", "seresnet3d_101", "seresnet3d_152", "seresnext3d_50", "seresnext3d_101", "senet3d_154"
    ] = Field("seresnet3d_50", description="member of the family")
    members: ClassVar[dict[str, Solid]] = {
        "seresnet3d_50": Solid("Hu et al. 2018", 2048, "SEResNet50"),
        "seresnet3d_101": Solid("Hu et al. 2018", 2048, "SEResNet101"),
        "seresnet3d_152": Solid("Hu et al. 2018", 2048, "SEResNet152"),
        "seresnext3d_50": Solid("Hu et al. 2018", 2048, "SEResNext50"),
        "seresnext3d_101": Solid("Hu et al. 2018", 2048, "SEResNext101"),
        "senet3d_154": Solid("Hu et al. 2018", 2048, "SENet154"),
    }
    counted: ClassVar[dict[str, float]] = {
        "seresnet3d_50": 50.74,
        "seresnet3d_101": 92.03,
        "seresnet3d_152": 126.04,
        "seresnext3d_50": 30.4,
        "seresnext3d_101": 54.3,
        "senet3d_154": 172.26,
    }

    classes: PositiveInt = Field(1000, description="outputs of the layer that classifies, as in the checkpoint")

    def make(self) -> torch.nn.Module:
        network: torch.nn.Module = getattr(monai("senet"), self.member.name)(
            spatial_dims=3, in_channels=self.channels, num_classes=self.classes
        )
        return network

    def maps(self, network: torch.nn.Module, pixels: torch.Tensor) -> torch.Tensor:
        found: torch.Tensor = network.features(pixels)
        return found
