"""Restricted mean survival time: how long cases stay free of the event until a day, on average."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def restricted_mean(time: Floats, event: NDArray[np.bool_], until: float) -> tuple[float, float]:
    """(mean, variance) of the days that a group stays free of the event until a day: the area below Kaplan and Meier's curve.

    time, event: (n,), n > 0. After the last follow-up the curve stays as it is. Variance by Greenwood; 0 where all cases at risk
    have the event. Royston & Parmar, BMC Med Res Methodol 2013;13:152.
    """
    days = np.unique(time[event & (time <= until)])
    at_risk = (time[:, None] >= days).sum(axis=0)
    deaths = ((time[:, None] == days) & event[:, None]).sum(axis=0)
    curve = np.concatenate([[1.0], np.cumprod(1 - deaths / at_risk)])
    edges = np.concatenate([[0.0], days, [until]])
    areas = curve * np.diff(edges)
    rest = areas[::-1].cumsum()[::-1][1:]  # area after each day with an event
    left = at_risk > deaths
    terms = np.divide(rest**2 * deaths, at_risk * (at_risk - deaths), out=np.zeros(len(days)), where=left)
    return float(areas.sum()), float(terms.sum())
