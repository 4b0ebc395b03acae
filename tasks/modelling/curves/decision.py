"""Decision curve: what deciding by a model is worth, whatever a false positive costs."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class DecisionCurve:
    """Net benefit of the model, and of treating everybody, at each threshold; of treating nobody it is 0."""

    thresholds: tuple[float, ...]
    model: tuple[float, ...]
    everybody: tuple[float, ...]


def decision_curve(label: NDArray[np.bool_], probability: Floats, thresholds: Floats) -> DecisionCurve:
    """True positives a case less false positives a case times the odds of the threshold; a case at the threshold is treated.

    label, probability: (n,), n > 0; thresholds: (k,) above 0 and below 1. Vickers & Elkin, Med Decis Making 2006;26:565.
    """
    odds = thresholds / (1 - thresholds)
    treated = probability[:, None] >= thresholds
    right, wrong = (treated & label[:, None]).mean(axis=0), (treated & ~label[:, None]).mean(axis=0)
    share = float(label.mean())
    model, everybody = right - wrong * odds, share - (1 - share) * odds
    return DecisionCurve(*(tuple(map(float, part)) for part in (thresholds, model, everybody)))
