"""Columns that hold one value nearly everywhere."""

from __future__ import annotations

from typing import ClassVar, Literal

import numpy as np
from pydantic import Field, NonNegativeFloat

from features.core.errors import FitError
from features.core.kinds.compared import Compared
from tasks.modelling.preprocessing.kept_columns import KeptColumns, left_out
from tasks.modelling.preprocessing.runs import runs_of
from tasks.modelling.preprocessing.step import FittedStep, Stage, Step
from tasks.modelling.rows import Rows
from tasks.modelling.target import Target


class NearZeroVariance(Step):
    """Drops columns in which one value is far more frequent than any other and few values are different, and constant ones.

    Both must hold: the most frequent value is over `frequency_ratio` times as frequent as the second, and the different values
    are at most `unique_percent` of the training rows. Missing values are no values. As nearZeroVar of the R package caret; Kuhn &
    Johnson, Applied Predictive Modeling, 2013, section 3.5.
    """

    kind: Literal["near_zero_variance"] = "near_zero_variance"
    compared: ClassVar[Compared] = Compared(
        "a table by hand, by the rule of caret", "0", "tasks/modelling/preprocessing/clean/test_clean.py"
    )
    stage: ClassVar[Stage] = "clean"
    takes_missing: ClassVar[bool] = True

    frequency_ratio: NonNegativeFloat = Field(
        19.0, description="how often the most frequent value is, over the second: above this, it is nearly everywhere"
    )
    unique_percent: float = Field(
        10.0, ge=0, le=100, description="different values, in percent of the training rows: up to this, there are few"
    )

    def fit(self, rows: Rows, target: Target, seed: int) -> FittedStep:  # noqa: ARG002 (nothing else in it)
        """Raises FitError if no column is left."""
        n, p = rows.X.shape
        runs = runs_of(rows.X)
        different = np.bincount(runs.column, minlength=p)
        order = np.lexsort((runs.often, runs.column))
        last, count = np.cumsum(different) - 1, runs.often[order]
        most, second = np.zeros(p), np.zeros(p)
        some, several = different > 0, different > 1
        most[some], second[several] = count[last[some]], count[last[several] - 1]
        ratio = np.divide(most, second, out=np.full(p, np.inf), where=second > 0)
        few = 100.0 * different <= self.unique_percent * n
        kept = np.flatnonzero(several & ~((ratio > self.frequency_ratio) & few))
        if not len(kept):
            raise FitError(f"near_zero_variance: none of {p} columns varies enough within the {n} training cases")
        return KeptColumns(kept, ratio, left_out=left_out(self.kind, rows.columns, kept, "one value nearly everywhere"))
