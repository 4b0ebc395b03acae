"""Pooling: makes a vector of the maps of a layer."""

from __future__ import annotations

from abc import abstractmethod
from typing import TYPE_CHECKING

from features.core.kinds.registry import Kind, Registry

if TYPE_CHECKING:
    import torch


class Pooling(Kind):
    """Makes a vector of maps."""

    @abstractmethod
    def names(self, channels: int) -> tuple[str, ...]:
        """Endings of the names of its columns, for maps of so many channels, in order."""

    @abstractmethod
    def pool(self, maps: torch.Tensor) -> torch.Tensor:
        """(n, c, *space), or (n, tokens, c) of a transformer → (n, k), as many as there are names."""


POOLINGS: Registry[Pooling] = Registry(Pooling, "features.deep.poolings")
