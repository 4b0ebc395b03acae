"""What is to be explained of each training case once nothing is known of it but the outcome of all."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from features.core.kinds.endpoint import Endpoint
from features.core.outcome import Outcome

Floats = NDArray[np.float64]


def residuals(outcome: Outcome, endpoint: Endpoint) -> Floats:
    """A column for each question that the endpoint comes down to, (n, questions): their order is that of the classes or labels.

    Of yes and no 1 or 0; of a number or a rank itself; of follow-up the martingale residual without predictors: events seen
    less events expected until then (Nelson-Aalen). All are gradients of the log likelihood at a constant prediction, but for a
    constant. Therneau et al., Biometrika 1990;77:147.
    """
    return np.column_stack([_residual(one) for one in endpoint.contrasts(outcome)])


def centred(values: Floats, folds: Sequence[int]) -> Floats:
    """Values of cases of several folds, one below the other, (n, m), less the mean of their fold. folds: cases of each, in order.

    The models of two folds differ by a constant, and the mean of a fold's outcomes goes down where that of its training cases
    goes up: neither tells one case of a fold from another.
    """
    ends = np.cumsum(folds)
    found = np.array(values, dtype=np.float64)
    for start, end in zip(ends - folds, ends, strict=True):
        found[start:end] -= found[start:end].mean(axis=0)
    return found


def _residual(outcome: Outcome) -> Floats:
    if outcome.value is not None:
        return outcome.value
    if outcome.days is None:
        return outcome.flag.astype(np.float64)
    return outcome.flag - _expected(outcome.flag, outcome.days)


def _expected(event: NDArray[np.bool_], days: Floats) -> Floats:
    """The Nelson-Aalen estimate at the end of each case's follow-up, (n,); equal days are one."""
    times, place = np.unique(days, return_inverse=True)
    events = np.bincount(place, weights=event, minlength=len(times))
    leaving = np.bincount(place, minlength=len(times))
    at_risk = len(days) - np.cumsum(leaving) + leaving
    found: Floats = np.cumsum(events / at_risk)[place]
    return found
