"""alexnet: five convolutions and three dense layers (Krizhevsky, Sutskever & Hinton, NeurIPS 2012), in one column."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Literal

from pydantic import Field

from features.deep.family import Family, Member
from features.deep.torchvision_ops import import_torchvision

if TYPE_CHECKING:
    import torch


class AlexNet(Family):
    """torchvision's (Krizhevsky 2014). Dense layers: classifier.1 (fc6), classifier.4 (fc7), classifier.6."""

    kind: Literal["alexnet"] = "alexnet"
    variant: Literal["alexnet"] = Field("alexnet", description="member of the family")
    modules: ClassVar[tuple[str, ...]] = ("torchvision",)
    members: ClassVar[dict[str, Member]] = {"alexnet": Member("Krizhevsky et al. 2012", 61.1, 256, smallest=63)}

    def make(self) -> torch.nn.Module:
        import_torchvision()
        from torch import nn
        from torchvision.models import AlexNet as Network

        from features.deep.networks.alexnet import Parts

        network = Network(max(self.outputs, 1))
        network.avgpool = Parts()
        if self.channels != 3:
            network.features[0] = nn.Conv2d(self.channels, 64, 11, 4, 2)
        if not self.outputs:
            network.classifier[6] = nn.Identity()
        made: nn.Module = network
        return made

    def maps(self, network: torch.nn.Module, pixels: torch.Tensor) -> torch.Tensor:
        found: torch.Tensor = network.features(pixels)
        return found
