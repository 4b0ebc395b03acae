"""Scales on which intervals are symmetrical, so that they end where scores end."""

from __future__ import annotations

import math
from typing import Literal

from tasks.modelling.intervals.estimate import NORMAL

# share: between 0 and 1, in its logit. count: a share of counted patients, of which 0 and 1 have a limit where the model is fixed.
# loss: 1 less a ratio of losses. positive: in its logarithm. plain: as it is.
Scale = Literal["share", "count", "loss", "positive", "plain"]


def interval_on(scale: Scale, value: float, variance: float) -> tuple[float, float]:
    """95 % interval, symmetrical on a scale. Raises ValueError where the value lies at an end of it."""
    if scale in ("share", "count"):
        return logit_interval(value, variance)
    if scale == "loss":
        return loss_interval(value, variance)
    half = NORMAL * math.sqrt(variance)
    if scale == "plain":
        return value - half, value + half
    if not value > 0:
        raise ValueError(f"the score is {value:g}")
    factor = math.exp(min(half / value, 700.0))
    return value / factor, value * factor


def logit_interval(share: float, variance: float) -> tuple[float, float]:
    """95 % interval of a share between 0 and 1, symmetrical on the logit scale. Raises ValueError for a share of 0 or 1."""
    if not 0 < share < 1:
        raise ValueError(f"the share is {share:g}")
    centre, half = math.log(share / (1 - share)), NORMAL * math.sqrt(variance) / (share * (1 - share))
    return _expit(centre - half), _expit(centre + half)


def loss_interval(score: float, variance: float) -> tuple[float, float]:
    """95 % interval of a score that is 1 less a ratio of losses, symmetrical in the logarithm of the ratio (R², kappa).

    Raises ValueError for a score of 1.
    """
    if not score < 1:
        raise ValueError(f"the score is {score:g}")
    factor = math.exp(min(NORMAL * math.sqrt(variance) / (1 - score), 700.0))  # beyond it, a float has no room
    return 1 - (1 - score) * factor, 1 - (1 - score) / factor


def _expit(x: float) -> float:
    return 1 / (1 + math.exp(-x)) if x >= 0 else math.exp(x) / (1 + math.exp(x))
