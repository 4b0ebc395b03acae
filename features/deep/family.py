"""Family: 2D networks of one design, each with the figures of its publication; and those that timm builds."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from pydantic import Field, NonNegativeInt

from features.deep.architecture import Architecture
from features.deep.drawing import draw_for_rectifiers
from features.deep.needed import check_installed
from features.deep.torchvision_ops import import_torchvision

if TYPE_CHECKING:
    import torch


@dataclass(frozen=True)
class Member:
    """A published network.

    millions: parameters with the layer that classifies, as published. width: channels of the last maps. size: side of the
    input. smallest: side that leaves one place. multiple: what sides are multiples of. before: tokens before those of places.
    classes: outputs of the layer that classifies, 0 if it was published without. timm: its name there, if that is another one.
    """

    publication: str
    millions: float
    width: int
    size: int = 224
    smallest: int = 32
    multiple: int = 1
    before: int = 0
    classes: int = 1000
    timm: str = ""


class Family(Architecture):
    """A subclass has a table of its members and makes a network of `self.member`. rectified: how its weights are drawn."""

    dimensions: ClassVar[Literal[2, 3]] = 2
    revision: ClassVar[str] = "2"
    members: ClassVar[Mapping[str, Member]]
    rectified: ClassVar[bool] = True

    classes: NonNegativeInt | None = Field(
        None,
        exclude_if=lambda value: value is None,
        description="outputs of the layer that classifies, as in the checkpoint; 0: it has none; null: as published",
    )

    @property
    def member(self) -> Member:
        """The figures of the variant."""
        return self.members[self.variant]

    @property
    def outputs(self) -> int:
        """Of the layer that classifies; 0: there is none."""
        return self.member.classes if self.classes is None else self.classes

    @property
    def input_size(self) -> tuple[int, ...]:
        return (self.member.size,) * 2

    @property
    def smallest(self) -> int:
        return self.member.smallest

    @property
    def multiple(self) -> int:
        return self.member.multiple

    @property
    def width(self) -> int:
        return self.member.width

    @property
    def millions(self) -> float | None:
        return self.member.millions

    @property
    def before(self) -> int:
        return self.member.before

    @property
    def publication(self) -> str:
        return self.member.publication

    def build(self) -> torch.nn.Module:
        """Weights are drawn from torch's random state, which stays as it was."""
        check_installed("torch", *self.modules)
        import torch

        with torch.random.fork_rng(devices=[]):
            return self.make().eval()

    def draw(self, network: torch.nn.Module) -> None:
        if self.rectified:
            draw_for_rectifiers(network)

    @abstractmethod
    def make(self) -> torch.nn.Module:
        """The network. Its packages are installed; it may draw from torch's random state."""


class TimmFamily(Family):
    """Networks of timm, by its names; module names are those of its checkpoints."""

    modules: ClassVar[tuple[str, ...]] = ("torchvision", "timm")

    def make(self) -> torch.nn.Module:
        import_torchvision()
        from timm import create_model

        name = self.member.timm or self.variant
        network: torch.nn.Module = create_model(
            name, pretrained=False, in_chans=self.channels, num_classes=self.outputs, **self.options()
        )
        return network

    def options(self) -> dict[str, Any]:
        """What timm is told besides the name, channels and classes."""
        return {}

    def maps(self, network: torch.nn.Module, pixels: torch.Tensor) -> torch.Tensor:
        found: torch.Tensor = network.forward_features(pixels)
        return found
