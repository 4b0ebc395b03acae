"""Calibration over follow-up: how often the event had come by a day, against the predicted incidence."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from features.core.outcome import Outcome
from tasks.modelling.curves.aalen_johansen import aalen_johansen
from tasks.modelling.follow_up.observed import observed_by, pseudo_values

Floats = NDArray[np.float64]
MOST_GROUPS, LEAST_CASES = 10, 20
POINTS, SPAN = 60, 2 / 3  # of the smooth line


@dataclass(frozen=True, slots=True)
class CalibrationByDay:
    """A point for each group of cases of like incidence: mean predicted incidence, what was seen with its 95 % interval, cases.

    unknown: cases of groups of whom nobody is followed until the day, which have no point. line_predicted, line_seen: of the
    smooth line.
    """

    predicted: tuple[float, ...]
    seen: tuple[float, ...]
    low: tuple[float, ...]
    high: tuple[float, ...]
    n: tuple[int, ...]
    unknown: int
    line_predicted: tuple[float, ...]
    line_seen: tuple[float, ...]


def calibration_by_day(outcome: Outcome, incidence: Floats, day: float) -> CalibrationByDay:
    """The curve of n cases: groups of alike size, at most ten of at least 20 cases, equal incidences in one group.

    What was seen of a group is the estimate of Aalen and Johansen, without competing events 1 − Kaplan and Meier's, with the
    log-log interval. The smooth line is a local linear regression of pseudo-values on the incidence (Gerds, Andersen & Kattan,
    Stat Med 2014;33:3191; Cleveland, J Am Stat Assoc 1979;74:829, span 2/3), cut off at 0 and 1; none with fewer than 20 cases.
    """
    n = len(outcome)
    groups = min(MOST_GROUPS, max(1, n // LEAST_CASES))
    inner = np.quantile(incidence, np.arange(1, groups) / groups, method="inverted_cdf") if n else np.empty(0)
    own = np.searchsorted(np.unique(inner), incidence, side="left")
    points, unknown = [], 0
    for group in np.unique(own):
        cases = own == group
        seen = outcome.take(cases)
        share = observed_by(seen, day)
        if np.isnan(share):
            unknown += len(seen)
            continue
        points.append((float(incidence[cases].mean()), share, *_interval(seen, day), len(seen)))
    predicted, shares, low, high, sizes = zip(*points, strict=True) if points else ((),) * 5
    line = smooth(incidence, pseudo_values(outcome, day)) if n >= LEAST_CASES else ((), ())
    return CalibrationByDay(predicted, shares, low, high, sizes, unknown, *line)


def smooth(x: Floats, y: Floats) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Up to 60 points of a local linear regression of y on x, (n,) each, cut off at 0 and 1; none if y is unknown or x constant.

    Each point sees the two thirds of the cases that are nearest to it, with tricube weights: lowess without robustness rounds.
    """
    if np.isnan(y).any() or not x.max() > x.min():
        return (), ()
    at = np.unique(np.quantile(x, np.linspace(0, 1, POINTS)))
    nearest = max(2, int(SPAN * len(x) + 1e-10))
    fitted = []
    for point in at:
        distance = np.abs(x - point)
        reach = float(np.partition(distance, nearest - 1)[nearest - 1])
        weight = (1 - np.minimum(distance / reach, 1.0) ** 3) ** 3 if reach > 0 else (distance == 0).astype(float)
        weight = weight / weight.sum()
        middle = float(weight @ x)
        spread = float(weight @ (x - middle) ** 2)
        level = float(weight @ y)
        slope = float(weight @ ((x - middle) * y)) / spread if spread > 1e-12 * float(np.ptp(x)) ** 2 else 0.0
        fitted.append(min(1.0, max(0.0, level + slope * (float(point) - middle))))
    return tuple(map(float, at)), tuple(fitted)


def _interval(seen: Outcome, day: float) -> tuple[float, float]:
    assert seen.days is not None
    curve = aalen_johansen(seen.days, seen.code, np.array([day]))
    place = int(np.searchsorted(curve.days, day, side="right")) - 1
    return curve.low[place], curve.high[place]
