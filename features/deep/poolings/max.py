"""max: the highest value of each map."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from features.deep.pooling import Pooling, numbered, places_of

if TYPE_CHECKING:
    import torch


class Max(Pooling):
    """The highest value over places."""

    kind: Literal["max"] = "max"

    def names(self, channels: int, dimensions: Literal[2, 3]) -> tuple[str, ...]:  # noqa: ARG002
        return numbered(channels)

    def pool(self, maps: torch.Tensor, *, before: int = 0, dimensions: int = 2) -> torch.Tensor:  # noqa: ARG002
        return places_of(maps, before).amax(dim=2)
