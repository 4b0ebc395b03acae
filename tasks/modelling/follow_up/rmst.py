"""Restricted mean times: how long cases stay free of an event until a day on average, and how much of that they lose to it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def restricted_mean(time: Floats, event: NDArray[np.bool_], until: float) -> tuple[float, Floats]:
    """(mean, moved): days that a group stays free of the event until a day, the area below Kaplan and Meier's curve; and how much
    each case moves it, (n,).

    time, event: (n,), n > 0. After the last follow-up the curve stays as it is. The squares of `moved` add up to Greenwood's
    variance. Royston & Parmar, BMC Med Res Methodol 2013;13:152.
    """
    lost, moved = time_lost(time, event.astype(np.intp), until)
    return until - lost, -moved


def time_lost(time: Floats, code: NDArray[np.intp], until: float) -> tuple[float, Floats]:
    """(mean, moved): days that a group loses to the event of interest until a day, the area below Aalen and Johansen's curve; and
    how much each case moves it, (n,).

    time: (n,), n > 0. code: (n,) 0 censored, 1 the event of interest, above it others, which compete: whoever had one loses no
    more. After the last follow-up the curve stays as it is. On one day events come before censorings. `moved` is the derivative
    with regard to the weight of a case. Andersen, Stat Med 2013;32:5278; Conner & Trinquart, Stat Med 2021;40:2177.
    """
    days = np.unique(time[(code > 0) & (time <= until)])
    there, here = time[:, None] >= days, time[:, None] == days
    ended, hit = here & (code > 0)[:, None], here & (code == 1)[:, None]
    at_risk, events, hits = (one.sum(axis=0).astype(np.float64) for one in (there, ended, hit))
    before = np.concatenate([[1.0], np.cumprod(1 - events / at_risk)])[:-1]
    left = until - days
    areas = before * hits / at_risk * left
    rest = areas[::-1].cumsum()[::-1] - areas  # of later days
    some = at_risk > events
    share = np.divide(rest, at_risk - events, out=np.zeros(len(days)), where=some)
    own = (hit - there * (hits / at_risk)) * (before * left / at_risk)
    moved: Floats = (own - (ended - there * (events / at_risk)) * share).sum(axis=1)
    return float(areas.sum()), moved
