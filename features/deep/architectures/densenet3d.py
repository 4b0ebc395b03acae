"""densenet3d: DenseNets of three dimensions (Huang et al., CVPR 2017, with convolutions along all axes)."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Literal

from pydantic import Field, NonNegativeInt

from features.deep.monai_family import MonaiFamily, Solid, monai

if TYPE_CHECKING:
    import torch


class DenseNet3D(MonaiFamily):
    """Its last maps are those after normalisation and ReLU, as its classifier sees them."""

    kind: Literal["densenet3d"] = "densenet3d"
    variant: Literal["densenet3d_121", "densenet3d_169", "densenet3d_201", "densenet3d_264"] = Field(
        "densenet3d_121", description="member of the family"
    )
    members: ClassVar[dict[str, Solid]] = {
        "densenet3d_121": Solid("Huang et al. 2017", 1024, "DenseNet121"),
        "densenet3d_169": Solid("Huang et al. 2017", 1664, "DenseNet169"),
        "densenet3d_201": Solid("Huang et al. 2017", 1920, "DenseNet201"),
        "densenet3d_264": Solid("Huang et al. 2017", 2688, "DenseNet264"),
    }
    counted: ClassVar[dict[str, float]] = {
        "densenet3d_121": 11.24,
        "densenet3d_169": 18.54,
        "densenet3d_201": 25.33,
        "densenet3d_264": 40.25,
    }

    classes: NonNegativeInt = Field(1, description="outputs of the layer that classifies, as in the checkpoint")

    def make(self) -> torch.nn.Module:
        network: torch.nn.Module = getattr(monai("densenet"), self.member.name)(
            spatial_dims=3, in_channels=self.channels, out_channels=self.classes
        )
        return network

    def maps(self, network: torch.nn.Module, pixels: torch.Tensor) -> torch.Tensor:
        found: torch.Tensor = network.features(pixels).relu()
        return found
