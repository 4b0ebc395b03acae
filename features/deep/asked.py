"""Asked: a network with its weights, and what is taken of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from features.core.digest import digest_json
from features.deep.architecture import Architecture
from features.deep.card import Card
from features.deep.checkpoint import weights_digest
from features.deep.loaded import Loaded
from features.deep.loading import load_card_network, load_random_network
from features.deep.pooling import Pooling
from features.deep.taps import forward

if TYPE_CHECKING:
    import torch


@dataclass(frozen=True)
class Asked:
    """A network by its card, or by an architecture and a seed; and the taps and poolings whose numbers are its features."""

    architecture: Architecture
    card: Card | None
    seed: int | None
    taps: tuple[str, ...]
    poolings: tuple[Pooling, ...]

    @property
    def digest(self) -> str:
        """Of what decides the numbers. Raises WeightsError where the weights have no published digest and are not here."""
        return digest_json(
            {
                "architecture": [self.architecture.model_dump(mode="json"), self.architecture.revision],
                "weights": self.seed if self.card is None else [weights_digest(self.card), self.card.digest],
                "taps": self.taps,
                "poolings": [[one.model_dump(mode="json"), one.version] for one in self.poolings],
            }
        )

    def load(self) -> Loaded:
        """The network with its weights. Raises MachineError without its packages, WeightsError without its weights."""
        digest = weights_digest(self.card) if self.card is not None else ""
        return _loaded(self.architecture, self.card, self.seed, digest)


def pooled(asked: Asked, loaded: Loaded, views: torch.Tensor) -> torch.Tensor:
    """(n, k): the features of views, (n, channels, *size) in [0, 1], tap by tap, pooling by pooling."""
    maps = forward(loaded.architecture, loaded.network, loaded.prepared(views), asked.taps)
    return pooled_maps(asked, [maps[tap] for tap in asked.taps])


def pooled_maps(asked: Asked, maps: Sequence[torch.Tensor]) -> torch.Tensor:
    """(n, k): the features of views of which the output of each tap is known."""
    import torch

    network = asked.architecture
    parts = [
        one.pool(own, before=network.before, dimensions=network.dimensions) for own in maps for one in asked.poolings
    ]
    return torch.cat(parts, dim=1)


@lru_cache(maxsize=2)
def _loaded(architecture: Architecture, card: Card | None, seed: int | None, weights: str) -> Loaded:  # noqa: ARG001
    """weights: their digest, so that another file in the same place is another network."""
    if card is not None:
        return load_card_network(card)
    if seed is None:
        raise ValueError("a network without a card has a seed")
    return load_random_network(architecture, seed)


def forget() -> None:
    """Leave the networks that are loaded."""
    _loaded.cache_clear()
