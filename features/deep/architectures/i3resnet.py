"""i3resnet: ResNets of photographs whose filters were inflated to three dimensions (Carreira & Zisserman 2017)."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Literal

from pydantic import Field

from features.deep.architecture import Architecture
from features.deep.needed import check_installed

if TYPE_CHECKING:
    import torch

BLOCKS = {"i3resnet50": (3, 4, 6, 3), "i3resnet101": (3, 4, 23, 3), "i3resnet152": (3, 8, 36, 3)}


class I3ResNet(Architecture):
    """Three channels, of which CT fills all with the same. 46.2, 85.2 and 117.4 million parameters without the last layer."""

    kind: Literal["i3resnet"] = "i3resnet"
    variant: Literal["i3resnet50", "i3resnet101", "i3resnet152"] = Field(
        "i3resnet152", description="member of the family"
    )
    dimensions: ClassVar[Literal[2, 3]] = 3
    counted: ClassVar[dict[str, float]] = {"i3resnet50": 46.16, "i3resnet101": 85.21, "i3resnet152": 117.37}

    @property
    def input_size(self) -> tuple[int, ...]:
        return (160, 224, 224)

    @property
    def smallest(self) -> int:
        return 16

    @property
    def width(self) -> int:
        return 2048

    @property
    def publication(self) -> str:
        return "Carreira & Zisserman 2017"

    def build(self) -> torch.nn.Module:
        check_installed("torch")
        import torch

        from features.deep.networks.i3resnet import I3ResNet as Net

        with torch.random.fork_rng(devices=[]):
            return Net(BLOCKS[self.variant], self.channels).eval()

    def maps(self, network: torch.nn.Module, pixels: torch.Tensor) -> torch.Tensor:
        found: torch.Tensor = network(pixels)
        return found
