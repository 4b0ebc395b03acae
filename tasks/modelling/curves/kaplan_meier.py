"""Kaplan–Meier curve with numbers at risk."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from lifelines import KaplanMeierFitter
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Curve:
    """Steps of a survival curve: at days[i] survival becomes survival[i], with its 95 % interval.

    risk_days, at_risk: numbers at risk just before the days of an axis' ticks.
    """

    days: tuple[float, ...]
    survival: tuple[float, ...]
    low: tuple[float, ...]
    high: tuple[float, ...]
    risk_days: tuple[float, ...]
    at_risk: tuple[int, ...]
    n: int
    events: int


def kaplan_meier(time: NDArray[np.float64], event: NDArray[np.bool_], risk_days: NDArray[np.float64]) -> Curve:
    """The curve of one group (log-log interval). Raises ValueError if the group is empty.

    Kaplan & Meier, J Am Stat Assoc 1958;53:457.
    """
    if not len(time):
        raise ValueError("a Kaplan–Meier curve needs at least one case")
    fitter = KaplanMeierFitter().fit(time, event)
    interval = fitter.confidence_interval_survival_function_.fillna(1.0)
    return Curve(
        days=tuple(map(float, fitter.survival_function_.index)),
        survival=tuple(map(float, fitter.survival_function_.iloc[:, 0])),
        low=tuple(map(float, interval.iloc[:, 0])),
        high=tuple(map(float, interval.iloc[:, 1])),
        risk_days=tuple(map(float, risk_days)),
        at_risk=tuple(int((time >= day).sum()) for day in risk_days),
        n=len(time),
        events=int(event.sum()),
    )
