"""How steeply a feature rises or falls over the visits."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import numpy as np
from pydantic import Field

from features.core.kinds.delta import Course, Delta, Floats, Least


class Slope(Delta):
    """The slope of the straight line that fits the values best over days (least squares), per day.

    All visits from `since` to `until` count that have a value and a day. Missing where there are fewer than `least`.
    """

    kind: Literal["slope"] = "slope"
    least: Least = Field(2, description="visits with a value that a slope needs")

    def values(self, course: Course) -> Mapping[str, Floats]:
        days, values = course.days, course.values
        visits = range(days.shape[1])
        there = [np.isfinite(values[:, k]) & np.isfinite(days[:, k])[:, None] for k in visits]
        y = [np.where(there[k], values[:, k], 0.0) for k in visits]
        t = [np.where(np.isfinite(days[:, k]), days[:, k], 0.0)[:, None] for k in visits]
        count = np.sum(there, axis=0)
        some = np.maximum(count, 1)
        mean_t = sum(there[k] * t[k] for k in visits) / some
        mean_y = sum(y) / some
        across, square = np.zeros_like(mean_y), np.zeros_like(mean_y)
        for k in visits:
            away = np.where(there[k], t[k] - mean_t, 0.0)
            across += away * (y[k] - mean_y)
            square += away * away
        known = (count >= self.least) & (square > 0)
        return {"slope": np.where(known, across / np.where(known, square, 1.0), np.nan)}
