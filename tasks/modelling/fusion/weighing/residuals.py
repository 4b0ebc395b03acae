"""What is to be explained of each training case once nothing is known of it but the outcome of all."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from features.core.kinds.endpoint import Endpoint
from features.core.outcome import Outcome

Floats = NDArray[np.float64]

SMALL = 5  # cases of a group below which it has no level of its own


def residuals(outcome: Outcome, endpoint: Endpoint) -> Floats:
    """A column for each question that the endpoint comes down to, (n, questions): their order is that of the classes or labels.

    Of yes and no 1 or 0; of a number or a rank itself; of follow-up the martingale residual without predictors: events seen
    less events expected until then (Nelson-Aalen). All are gradients of the log likelihood at a constant prediction, but for a
    constant. Therneau et al., Biometrika 1990;77:147.
    """
    return np.column_stack([_residual(one) for one in endpoint.contrasts(outcome)])


def centred(values: Floats, *groups: NDArray[Any]) -> Floats:
    """Values of cases, (n, m), less what a level of their own for each group of each kind explains, by least squares.

    groups: of each case the inner fold that held it out, (n,), and its centre, (n,). The models of two folds differ by a
    constant, and the mean of a fold's outcomes goes down where that of its training cases goes up; centres differ in their
    outcomes, and what tells centres apart tells nothing of a patient. So only differences within folds and centres are left.
    Groups of fewer than five cases are one: there is too little within them.
    """
    dummies = np.hstack([_dummies(kind) for kind in groups])
    level, *_ = np.linalg.lstsq(dummies, values, rcond=None)
    found: Floats = values - dummies @ level
    return found


def _dummies(group: NDArray[Any]) -> Floats:
    _, code, counts = np.unique(group, return_inverse=True, return_counts=True)
    pooled = np.where(counts[code] < SMALL, -1, code)
    found: Floats = (pooled[:, None] == np.unique(pooled)).astype(np.float64)
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
