"""Cumulative incidence of one event among competing ones."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from tasks.modelling.curves.curve import Curve
from tasks.modelling.curves.kaplan_meier import kaplan_meier


def aalen_johansen(time: NDArray[np.float64], code: NDArray[np.intp], risk_days: NDArray[np.float64]) -> Curve:
    """The share of one group that had the event of interest by each day. Raises ValueError if the group is empty.

    code: 0 censored, 1 the event of interest, 2 and above others, which compete. Log-log interval of Aalen's variance. Where
    nothing competes it is 1 − Kaplan–Meier; without an event of interest it stays at 0, which has no interval.
    Aalen & Johansen, Scand J Stat 1978;5:141.
    """
    seen, first = kaplan_meier(time, code > 0, risk_days), code == 1
    if not (code > 1).any():
        share, low, high = (tuple(1.0 - value for value in part) for part in (seen.share, seen.high, seen.low))
        return Curve(seen.days, share, low, high, seen.risk_days, seen.at_risk, seen.n, seen.events)
    days = (0.0, *map(float, np.unique(time)))
    share = low = high = (0.0,) * len(days)
    from sksurv.nonparametric import (
        cumulative_incidence_competing_risks,  # takes a while, and many studies follow nobody
    )

    if first.any():  # the estimator needs an event of every cause
        _, incidence, bounds = cumulative_incidence_competing_risks(np.minimum(code, 2), time, conf_type="log-log")
        share, low, high = ((0.0, *np.nan_to_num(part).tolist()) for part in (incidence[1], *bounds[1]))
    return Curve(days, share, low, high, seen.risk_days, seen.at_risk, seen.n, int(first.sum()))
