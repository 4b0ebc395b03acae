"""The median of the training rows of the same centre."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np
from pydantic import Field

from features.core.kinds.compared import Compared
from tasks.modelling.linear import Linear
from tasks.modelling.preprocessing.impute.median import Median
from tasks.modelling.preprocessing.step import FittedStep, Stage, Step
from tasks.modelling.rows import Columns, Floats, Names, Rows
from tasks.modelling.target import Target


class CentreMedian(Step):
    """Missing values become the median of the column's training values in the row's centre; of all where it has none there.

    For harmonisers: the median of all centres, filled into one that measures differently, tells that centre afterwards.
    """

    kind: Literal["centre_median"] = "centre_median"
    compared: ClassVar[Compared] = Compared(
        "a table by hand", "0", "tasks/modelling/preprocessing/impute/test_centre_median.py"
    )
    stage: ClassVar[Stage] = "impute"
    takes_missing: ClassVar[bool] = True
    of_missing: ClassVar[bool] = True

    by: Literal["centre", "cohort"] = Field("centre", description="whose median is taken: the centre's or the cohort's")

    @property
    def fills(self) -> bool:
        return True

    def fit(self, rows: Rows, target: Target, seed: int) -> FittedCentreMedian:
        """Raises FitError for a column without any training value: drop_constant leaves such out."""
        every = Median().fit(rows, target, seed).median
        names = np.unique(rows.groups[self.by])
        medians = np.full((len(names), len(every)), np.nan)
        for place, name in enumerate(names):
            own = rows.take(rows.groups[self.by] == name)
            known = np.flatnonzero(~np.isnan(own.X).all(axis=0))
            medians[place, known] = Median().fit(own.keep(known), target, seed).median
        return FittedCentreMedian(self.by, names, medians, every)


@dataclass(frozen=True, eq=False)
class FittedCentreMedian(FittedStep):
    """names: (k,) centres of the training rows. medians: (k, p), NaN where a centre has no value. every: (p,) over all of them."""

    by: str
    names: Names
    medians: Floats
    every: Floats

    def apply(self, rows: Rows) -> Rows:
        missing = np.isnan(rows.X)
        if not missing.any():
            return rows
        own = self._own(rows)
        return rows.with_values(np.where(missing, np.where(np.isnan(own), self.every, own), rows.X))

    def undo(self, score: Linear, columns: Columns) -> Linear:  # noqa: ARG002 (known values stay as they are)
        return score

    def remarks(self, rows: Rows) -> Counter[str]:
        """How many values took the median of all, because the centre has none in training."""
        elsewhere = int((np.isnan(rows.X) & np.isnan(self._own(rows))).sum())
        what = f"centre_median: values that no training row of the {self.by} has took the median of all"
        return Counter({what: elsewhere} if elsewhere else {})

    def _own(self, rows: Rows) -> Floats:
        """The medians of each row's centre, (n, p), NaN where there is none."""
        groups = rows.groups[self.by]
        place = np.minimum(np.searchsorted(self.names, groups), len(self.names) - 1)
        return np.where((self.names[place] == groups)[:, None], self.medians[place], np.nan)
