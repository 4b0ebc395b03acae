"""MonaiFamily: networks of three dimensions that MONAI builds; their layers have the names of its checkpoints."""

from __future__ import annotations

import warnings
from abc import abstractmethod
from collections.abc import Mapping
from importlib import import_module
from typing import TYPE_CHECKING, Any, ClassVar, Literal, NamedTuple

from pydantic import Field, PositiveInt

from features.deep.architecture import Architecture
from features.deep.needed import check_installed

if TYPE_CHECKING:
    import torch


class Solid(NamedTuple):
    """A network of three dimensions: who published it, the channels of its last maps, and its class or function in MONAI."""

    publication: str
    width: int
    name: str


class MonaiFamily(Architecture):
    """A subclass has a table of its members and makes a network of `self.member`. size: side of the input of its publication."""

    dimensions: ClassVar[Literal[2, 3]] = 3
    modules: ClassVar[tuple[str, ...]] = ("monai", "einops")
    members: ClassVar[Mapping[str, Solid]]
    size: ClassVar[int] = 96
    least: ClassVar[int] = 32  # the smallest side

    channels: PositiveInt = Field(1, description="channels of the input")

    @property
    def member(self) -> Solid:
        """The figures of the variant."""
        return self.members[self.variant]

    @property
    def input_size(self) -> tuple[int, ...]:
        return (self.size,) * 3

    @property
    def smallest(self) -> int:
        return self.least

    @property
    def width(self) -> int:
        return self.member.width

    @property
    def publication(self) -> str:
        return self.member.publication

    def build(self) -> torch.nn.Module:
        """Weights are drawn from torch's random state, which stays as it was."""
        check_installed("torch", *self.modules)
        import torch

        with torch.random.fork_rng(devices=[]):
            return self.make().eval()

    @abstractmethod
    def make(self) -> torch.nn.Module:
        """The network. Its packages are installed; it may draw from torch's random state."""


def monai(module: str) -> Any:
    """A module of MONAI's networks. It warns of packages that it could use and does not find, while it is imported."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return import_module(f"monai.networks.nets.{module}")
