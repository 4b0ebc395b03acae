"""nin: Network in Network, a small perceptron at each place (Lin, Chen & Yan, ICLR 2014)."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Literal

from pydantic import Field

from features.deep.family import Family, Member

if TYPE_CHECKING:
    import torch

MEMBERS = {
    "nin_imagenet": Member("Lin et al. 2014", 7.59, 1024, smallest=67),
    "nin_cifar10": Member("Lin et al. 2014", 0.967, 192, size=32, smallest=7, classes=10),
}


class Nin(Family):
    """Maps before the layer that has one map a class. Layers: conv1, cccp1, cccp2, conv2, …"""

    kind: Literal["nin"] = "nin"
    variant: Literal["nin_imagenet", "nin_cifar10"] = Field("nin_imagenet", description="member of the family")
    members: ClassVar[dict[str, Member]] = MEMBERS

    def make(self) -> torch.nn.Module:
        from features.deep.networks.nin import BLOCKS
        from features.deep.networks.nin import Nin as Network

        return Network(BLOCKS[self.variant], self.channels, self.outputs)

    def maps(self, network: torch.nn.Module, pixels: torch.Tensor) -> torch.Tensor:
        found: torch.Tensor = network.features(pixels)
        return found
