"""Loaded: a network with its weights, ready to be run."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from features.deep.architecture import Architecture

if TYPE_CHECKING:
    import torch


@dataclass(frozen=True, eq=False)
class Loaded:
    """A network and what its input must be: mean and std of each channel of [0, 1]."""

    architecture: Architecture
    network: torch.nn.Module
    mean: tuple[float, ...]
    std: tuple[float, ...]

    def prepared(self, views: torch.Tensor) -> torch.Tensor:
        """What the network takes: (n, channels, *size) of views in [0, 1], one channel repeated."""
        import torch

        shape = (1, -1, *(1,) * (views.ndim - 2))
        mean, std = (
            torch.tensor(values, dtype=torch.float32, device=views.device)
            .expand(self.architecture.channels)
            .reshape(shape)
            for values in (self.mean, self.std)
        )
        return (views - mean) / std  # which repeats one channel
