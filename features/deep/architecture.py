"""Architecture: a family of networks, untrained. A subclass is one file; its variants are the published members."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Literal, get_args

from pydantic import Field, PositiveInt

from features.core.kinds.registry import Kind, Registry

if TYPE_CHECKING:
    import torch

FEATURES = "features"  # the tap of the last maps, whatever the network calls them


class Architecture(Kind):
    """Builds a network. A subclass declares `variant: Literal[...]`, with a default where there is one that people expect.

    dimensions: of what it is shown. modules: packages that it needs besides torch.
    """

    dimensions: ClassVar[Literal[2, 3]]
    modules: ClassVar[tuple[str, ...]] = ()
    revision: ClassVar[str] = "1"  # raise it when the same weights give other numbers, or the same seed other weights
    translates: ClassVar[bool] = True  # whether onnxruntime can run it
    counted: ClassVar[Mapping[str, float]] = {}  # millions of parameters of each variant
    holds_network: ClassVar[bool] = False  # whether checkpoints hold the network itself, which `open` gives

    variant: str = Field(description="member of the family")
    channels: PositiveInt = Field(
        3, description="channels of the input; of a network of no card as many as it is shown"
    )

    @classmethod
    def variants(cls) -> tuple[str, ...]:
        """The members of the family."""
        return get_args(cls.model_fields["variant"].annotation)

    @property
    @abstractmethod
    def input_size(self) -> tuple[int, ...]:
        """(rows, columns) or (slices, rows, columns) as published."""

    @property
    @abstractmethod
    def smallest(self) -> int:
        """The smallest side of an input that gives maps."""

    @property
    def multiple(self) -> int:
        """What each side must be a multiple of: the patch of a transformer."""
        return 1

    def fault(self, size: tuple[int, ...]) -> str | None:
        """Why the network cannot be shown this size; None if it can."""
        if len(size) != self.dimensions:
            return f"{self.variant} takes {self.dimensions} sides, found {len(size)}: {_sides(size)}"
        if min(size) < self.smallest:
            return f"{self.variant} needs sides of {self.smallest} at least, found {_sides(size)}"
        if any(side % self.multiple for side in size):
            return f"{self.variant} takes sides that are multiples of {self.multiple}, found {_sides(size)}"
        return None

    @property
    @abstractmethod
    def width(self) -> int:
        """Channels of the tap `features`."""

    @property
    def millions(self) -> float | None:
        """Parameters in millions, with the layer that classifies where the family has one; None where no figure stands."""
        return self.counted.get(self.variant)

    @property
    def before(self) -> int:
        """How many tokens stand before those of places, such as a class token: of transformers that give tokens."""
        return 0

    @property
    @abstractmethod
    def publication(self) -> str:
        """Who described the variant, and when."""

    @abstractmethod
    def build(self) -> torch.nn.Module:
        """The network, untrained, its modules named as in published checkpoints. Raises MachineError without its packages."""

    def open(self, path: Path) -> torch.nn.Module:
        """The network that a checkpoint holds. Raises WeightsError if it is another one."""
        raise NotImplementedError

    @abstractmethod
    def maps(self, network: torch.nn.Module, pixels: torch.Tensor) -> torch.Tensor:
        """The tap `features`: (n, c, rows, columns), (n, c, slices, rows, columns), or (n, tokens, c) of a transformer."""

    @property
    def declared(self) -> Mapping[str, int]:
        """Taps besides `features` that a card declares, with their channels: of networks that checkpoints hold."""
        return {}

    def tapped(self, network: torch.nn.Module, pixels: torch.Tensor, taps: Sequence[str]) -> dict[str, torch.Tensor]:
        """`features` and declared taps of a network that a checkpoint holds, in one pass."""
        raise NotImplementedError

    def named(
        self,
        network: torch.nn.Module,  # noqa: ARG002
        state: Mapping[str, torch.Tensor],
    ) -> dict[str, torch.Tensor]:
        """The tensors of a checkpoint by the names of the network, where another package publishes them by its own."""
        return dict(state)

    def draw(self, network: torch.nn.Module) -> None:
        """Draw the weights of a network that is never trained, from torch's random state, where those of `build` are not fit."""

    def fit(self, network: torch.nn.Module, size: tuple[int, ...]) -> None:
        """Ready a network, its weights loaded, for inputs of one size, where it has tensors that go with places."""


def _sides(size: tuple[int, ...]) -> str:
    return " × ".join(map(str, size))


ARCHITECTURES: Registry[Architecture] = Registry(Architecture, "features.deep.architectures")
