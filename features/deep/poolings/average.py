"""average: the mean of each map, or of each channel over the tokens of a transformer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from features.deep.pooling import Pooling

if TYPE_CHECKING:
    import torch


class Average(Pooling):
    """The mean over places."""

    kind: Literal["average"] = "average"

    def names(self, channels: int) -> tuple[str, ...]:
        return tuple(f"{i:04d}" for i in range(channels))

    def pool(self, maps: torch.Tensor) -> torch.Tensor:
        return maps.mean(dim=1) if maps.ndim == 3 else maps.flatten(2).mean(dim=2)
