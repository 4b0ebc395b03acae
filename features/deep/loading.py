"""Loaded: a network with its weights, ready to be run."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from features.deep.architecture import Architecture
from features.deep.card import Card
from features.deep.checkpoint import load_weights
from features.deep.needed import check_torch
from features.deep.translated import Translated

if TYPE_CHECKING:
    import torch


@dataclass(frozen=True, eq=False)
class Loaded:
    """A network and what its input must be: mean and std of each channel of [0, 1]."""

    architecture: Architecture
    network: torch.nn.Module
    mean: tuple[float, ...]
    std: tuple[float, ...]
    _translated: dict[tuple[object, ...], Translated] = field(default_factory=dict, init=False, repr=False)

    def prepared(self, views: torch.Tensor) -> torch.Tensor:
        """What the network takes: (n, channels, *size) of views in [0, 1], one channel repeated."""
        import torch

        channels = self.architecture.channels
        pixels = views.expand(-1, channels, *views.shape[2:]) if views.shape[1] == 1 else views
        shape = (1, -1, *(1,) * (views.ndim - 2))
        mean, std = (
            torch.tensor(values, dtype=torch.float32, device=views.device).reshape(shape)
            for values in (self.mean, self.std)
        )
        return (pixels - mean) / std

    def translated(self, taps: Sequence[str], shape: Sequence[int], threads: int) -> Translated:
        """The network for processors, for views of this shape (channels, *size); made once."""
        key = (*taps, *shape, threads)
        if key not in self._translated:
            self._translated[key] = Translated(self, taps, shape, threads)
        return self._translated[key]


def load_card_network(card: Card) -> Loaded:
    """The network of a card. Raises MachineError without its packages, WeightsError without its weights."""
    check_torch()
    network = card.architecture.build().eval()
    load_weights(card, network)
    return Loaded(card.architecture, network, card.input.mean, card.input.std)


def load_random_network(architecture: Architecture, seed: int) -> Loaded:
    """A network whose weights are drawn from a seed: the same on every machine with the same torch."""
    check_torch()
    import torch

    with torch.random.fork_rng():
        torch.manual_seed(seed)
        network = architecture.build().eval()
    return Loaded(architecture, network, (0.5,) * architecture.channels, (0.25,) * architecture.channels)
