"""Kaplan–Meier curve with numbers at risk."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from tasks.modelling.curves.curve import Curve


def kaplan_meier(time: NDArray[np.float64], event: NDArray[np.bool_], risk_days: NDArray[np.float64]) -> Curve:
    """The share of one group that is free of the event (log-log interval). Raises ValueError if the group is empty.

    Kaplan & Meier, J Am Stat Assoc 1958;53:457.
    """
    if not len(time):
        raise ValueError("a Kaplan–Meier curve needs at least one case")
    from lifelines import KaplanMeierFitter  # takes a while, and many studies follow nobody

    fitter = KaplanMeierFitter().fit(time, event)
    interval = fitter.confidence_interval_survival_function_.fillna(1.0)
    return Curve(
        days=tuple(map(float, fitter.survival_function_.index)),
        share=tuple(map(float, fitter.survival_function_.iloc[:, 0])),
        low=tuple(map(float, interval.iloc[:, 0])),
        high=tuple(map(float, interval.iloc[:, 1])),
        risk_days=tuple(map(float, risk_days)),
        at_risk=tuple(int((time >= day).sum()) for day in risk_days),
        n=len(time),
        events=int(event.sum()),
    )
