"""lenet: LeNet-5, made for digits of 32 × 32 (LeCun, Bottou, Bengio & Haffner 1998)."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Literal

from pydantic import Field, PositiveInt

from features.deep.family import Family, Member

if TYPE_CHECKING:
    import torch


class LeNet(Family):
    """As it is built today: all maps of S2 go to all of C3, S2 and S4 are plain means, the output is linear."""

    kind: Literal["lenet"] = "lenet"
    variant: Literal["lenet5"] = Field("lenet5", description="member of the family")
    members: ClassVar[dict[str, Member]] = {"lenet5": Member("LeCun et al. 1998", 0.0617, 120, size=32, classes=10)}
    rectified: ClassVar[bool] = False
    channels: PositiveInt = Field(1, description="channels of the input")

    def make(self) -> torch.nn.Module:
        from features.deep.networks.lenet import LeNet5

        return LeNet5(self.channels, self.outputs)

    def maps(self, network: torch.nn.Module, pixels: torch.Tensor) -> torch.Tensor:
        found: torch.Tensor = network.features(pixels)
        return found
