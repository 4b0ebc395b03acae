"""The area under the course of a feature over the visits."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import numpy as np
from pydantic import Field

from features.core.kinds.delta import Course, Delta, Floats, Least

How = Literal["total", "mean", "excess"]
ENDINGS: dict[How, str] = {"total": "area", "mean": "area_mean", "excess": "area_excess"}


class Area(Delta):
    """The area under the values over days, by trapezoids between the visits.

    The visits are those from `since` to `until`. total: the area, in the unit of the feature times days. mean: that over the
    days from the first visit to the last, so that patients whose visits lie further apart compare. excess: the area above the
    first value. A visit in between that has no value or no day is bridged; missing where the first or the last visit lacks
    one, or fewer than `least` visits have both.
    """

    kind: Literal["area"] = "area"
    how: tuple[How, ...] = Field(("total",), min_length=1, description="which areas become columns")
    least: Least = Field(2, description="visits with a value that an area needs")

    def values(self, course: Course) -> Mapping[str, Floats]:
        days, values = course.days, course.values
        first, begin = values[:, 0], days[:, 0][:, None]
        has_first = np.isfinite(first) & np.isfinite(begin)
        y, t = np.where(has_first, first, 0.0), np.where(has_first, begin, 0.0)
        total, count = np.zeros_like(y), has_first.astype(np.intp)
        for k in range(1, days.shape[1]):
            day = days[:, k][:, None]
            there = has_first & np.isfinite(values[:, k]) & np.isfinite(day)
            total += np.where(there, (values[:, k] + y) / 2 * (day - t), 0.0)
            y, t = np.where(there, values[:, k], y), np.where(there, day, t)
            count += there
        last = np.isfinite(values[:, -1]) & np.isfinite(days[:, -1])[:, None]
        total = np.where(has_first & last & (count >= self.least), total, np.nan)
        length = t - begin
        areas = {"total": total, "mean": total / np.where(length > 0, length, np.nan), "excess": total - first * length}
        return {ENDINGS[how]: areas[how] for how in self.how}
