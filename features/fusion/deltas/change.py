"""How a feature changes from one time point to another."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import numpy as np
from pydantic import Field, model_validator

from features.core.catalog.table_source import Word
from features.core.kinds.delta import Course, Delta, Floats

How = Literal["absolute", "relative", "per_day"]


class Change(Delta):
    """The difference of the same feature at two time points.

    absolute: later minus earlier value. relative: that over the magnitude of the earlier value, so that its sign is that
    of the change; missing where the earlier value is 0. per_day: the absolute change over the days between the patient's two
    visits; missing where nothing tells these days. Missing where one of the two is.
    """

    kind: Literal["change"] = "change"
    since: Word = Field(description="the earlier time point")
    until: Word = Field(description="the later time point; at predict_at of the study, or before")
    how: tuple[How, ...] = Field(("absolute",), min_length=1, description="which changes become columns")

    @model_validator(mode="after")
    def check_time_points_differ(self) -> Change:
        if self.since == self.until:
            raise ValueError(f'since and until are both "{self.since}"')
        return self

    @property
    def needs_days(self) -> bool:
        """Only the change per day does."""
        return "per_day" in self.how

    def values(self, course: Course) -> Mapping[str, Floats]:
        early, late = course.values[:, 0], course.values[:, -1]
        change = late - early
        found: dict[str, Floats] = {}
        for how in self.how:
            if how == "absolute":
                found[how] = change
            elif how == "relative":
                found[how] = change / np.where(early == 0, np.nan, np.abs(early))
            else:
                found[how] = change / (course.days[:, -1] - course.days[:, 0])[:, None]
        return found
