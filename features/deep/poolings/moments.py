"""moments: what the values of each map are about, how far they spread, and to which side."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from features.deep.pooling import Pooling, numbered, places_of

if TYPE_CHECKING:
    import torch

_FLAT = 1e-6  # spread beside the largest value of a map, below which it is rounding


class Moments(Pooling):
    """Mean, standard deviation and skew of each map over its places.

    `sd` is of all places (no n - 1). `skew` is the third central moment over the second: skewness times `sd`, in the unit of the
    map, so that rounding stays as small as it was; 0 of a map that does not vary.
    """

    kind: Literal["moments"] = "moments"

    def names(self, channels: int, dimensions: Literal[2, 3]) -> tuple[str, ...]:  # noqa: ARG002
        return tuple(f"{word}_{ending}" for word in ("mean", "sd", "skew") for ending in numbered(channels))

    def pool(self, maps: torch.Tensor, *, before: int = 0, dimensions: int = 2) -> torch.Tensor:  # noqa: ARG002
        import torch

        values = places_of(maps, before)
        mean = values.mean(dim=2)
        away = values - mean[:, :, None]
        flat = away.abs().amax(dim=2) <= _FLAT * values.abs().amax(dim=2)
        second = (away**2).mean(dim=2).masked_fill(flat, 0.0)
        skew = (away**3).mean(dim=2) / second.masked_fill(flat, 1.0)
        return torch.cat([mean, second.sqrt(), skew.masked_fill(flat, 0.0)], dim=1)
