"""The most frequent value of the training rows."""

from __future__ import annotations

from typing import ClassVar, Literal

import numpy as np

from features.core.errors import FitError
from features.core.kinds.compared import Compared
from tasks.modelling.preprocessing.filled import Filled
from tasks.modelling.preprocessing.runs import runs_of
from tasks.modelling.preprocessing.step import FittedStep, Stage, Step
from tasks.modelling.rows import Rows
from tasks.modelling.target import Target


class MostFrequent(Step):
    """Missing values become the most frequent training value of the column; of several, the smallest.

    For flags, grades and levels, which a median may cut in two; of measurements, all of whose values may differ, it takes
    the smallest. As SimpleImputer of scikit-learn.
    """

    kind: Literal["most_frequent"] = "most_frequent"
    compared: ClassVar[Compared] = Compared(
        "SimpleImputer of scikit-learn on WORC-Lipo", "1e-7", "tasks/modelling/preprocessing/impute/test_impute.py"
    )
    stage: ClassVar[Stage] = "impute"
    takes_missing: ClassVar[bool] = True
    of_missing: ClassVar[bool] = True

    @property
    def fills(self) -> bool:
        return True

    def fit(self, rows: Rows, target: Target, seed: int) -> FittedStep:  # noqa: ARG002 (nothing else in it)
        """Raises FitError for a column without any training value: drop_constant leaves such out."""
        runs = runs_of(rows.X)
        order = np.lexsort((-runs.value, runs.often, runs.column))  # the last of a column is the one
        last = np.flatnonzero(np.diff(runs.column[order], append=-1))
        there = runs.column[order][last]
        if len(there) < len(rows.columns):
            empty = ", ".join(np.delete(rows.columns.names, there)[:3])
            raise FitError(f"columns without any training value have no most frequent one, for example {empty}")
        return Filled(runs.value[order][last])
