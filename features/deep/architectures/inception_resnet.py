"""inception_resnet: Inception blocks that add to what they are given (Szegedy et al., AAAI 2017)."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Literal

from pydantic import Field

from features.deep.family import Member, TimmFamily

if TYPE_CHECKING:
    import torch

V1 = "inception_resnet_v1"
MEMBERS = {
    V1: Member("Szegedy et al. 2017", 27.9, 1792, size=299, smallest=75, classes=8631),
    "inception_resnet_v2": Member("Szegedy et al. 2017", 55.8, 1536, size=299, smallest=75),
}


class InceptionResNet(TimmFamily):
    """v1 is that of the checkpoints trained on faces, with 512 outputs before the layer that classifies; v2 is timm's."""

    kind: Literal["inception_resnet"] = "inception_resnet"
    variant: Literal["inception_resnet_v1", "inception_resnet_v2"] = Field(
        "inception_resnet_v2", description="member of the family"
    )
    members: ClassVar[dict[str, Member]] = MEMBERS

    def make(self) -> torch.nn.Module:
        if self.variant != V1:
            return super().make()
        from features.deep.networks.inception_resnet_v1 import InceptionResnetV1

        return InceptionResnetV1(self.channels, self.outputs)

    def maps(self, network: torch.nn.Module, pixels: torch.Tensor) -> torch.Tensor:
        if self.variant != V1:
            return super().maps(network, pixels)
        found: torch.Tensor = network.features(pixels)
        return found
