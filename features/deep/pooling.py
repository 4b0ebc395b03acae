"""Pooling: makes a vector of the maps of a layer."""

from __future__ import annotations

from abc import abstractmethod
from typing import TYPE_CHECKING, ClassVar, Literal

from features.core.kinds.registry import Kind, Registry

if TYPE_CHECKING:
    import torch


class Pooling(Kind):
    """Makes a vector of maps. version: raise it when the same maps give another vector."""

    translates: ClassVar[bool] = True  # whether onnxruntime can run it
    version: ClassVar[str] = "1"

    @abstractmethod
    def names(self, channels: int, dimensions: Literal[2, 3]) -> tuple[str, ...]:
        """Endings of the names of its columns in order, for maps of so many channels of a network of so many dimensions."""

    @abstractmethod
    def pool(self, maps: torch.Tensor, *, before: int = 0, dimensions: int = 2) -> torch.Tensor:
        """(n, c, *space), (n, tokens, c) of a transformer, or (n, c) of a layer without places → (n, k), one for each name.

        before: how many tokens stand before those of places, such as a class token. dimensions: of the places of tokens.
        """

    def fault(self, before: int) -> str:  # noqa: ARG002 (most have nothing against any network)
        """What is wrong with it for a network with so many tokens before those of places; "" if nothing is."""
        return ""


POOLINGS: Registry[Pooling] = Registry(Pooling, "features.deep.poolings")


def places_of(maps: torch.Tensor, before: int) -> torch.Tensor:
    """The values of each channel at its places, (n, c, places): of tokens without those before, of a layer without places one."""
    if maps.ndim == 3:
        return maps[:, before:].transpose(1, 2)
    return maps.flatten(2) if maps.ndim > 3 else maps[:, :, None]


def numbered(channels: int) -> tuple[str, ...]:
    """Endings of columns of which there is one a channel."""
    return tuple(f"{i:04d}" for i in range(channels))
