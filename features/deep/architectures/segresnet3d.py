"""segresnet3d: the residual encoder that wins segmentation challenges, without its decoder (Myronenko 2018)."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Literal

from pydantic import Field

from features.deep.monai_family import MonaiFamily, Solid, monai

if TYPE_CHECKING:
    import torch

BLOCKS = {"segresnet3d_4": (1, 2, 2, 4), "segresnet3d_5": (1, 2, 2, 4, 4)}


class SegResNet3D(MonaiFamily):
    """Named for its levels: 32 channels at the first, twice as many at each one after. The maps are those of the last."""

    kind: Literal["segresnet3d"] = "segresnet3d"
    variant: Literal["segresnet3d_4", "segresnet3d_5"] = Field("segresnet3d_5", description="member of the family")
    members: ClassVar[dict[str, Solid]] = {
        "segresnet3d_4": Solid("Myronenko 2018", 256, "4"),
        "segresnet3d_5": Solid("Myronenko 2018", 512, "5"),
    }
    counted: ClassVar[dict[str, float]] = {"segresnet3d_4": 17.59, "segresnet3d_5": 77.76}

    @property
    def smallest(self) -> int:
        return int(2 ** (len(BLOCKS[self.variant]) - 1))

    def make(self) -> torch.nn.Module:
        network: torch.nn.Module = monai("segresnet_ds").SegResEncoder(
            spatial_dims=3, in_channels=self.channels, blocks_down=BLOCKS[self.variant]
        )
        return network

    def maps(self, network: torch.nn.Module, pixels: torch.Tensor) -> torch.Tensor:
        found: torch.Tensor = network(pixels)[-1]
        return found
