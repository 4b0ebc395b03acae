"""The median of the training rows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np

from features.core.errors import FitError
from features.core.kinds.compared import Compared
from tasks.modelling.linear import Linear
from tasks.modelling.preprocessing.step import FittedStep, Stage, Step
from tasks.modelling.rows import Columns, Floats, Rows
from tasks.modelling.target import Target


class Median(Step):
    """Missing values become the median of the column's training values."""

    kind: Literal["median"] = "median"
    compared: ClassVar[Compared] = Compared(
        "nanmedian of numpy", "0", "tasks/modelling/preprocessing/impute/test_median.py"
    )
    stage: ClassVar[Stage] = "impute"
    takes_missing: ClassVar[bool] = True
    of_missing: ClassVar[bool] = True

    @property
    def fills(self) -> bool:
        return True

    def fit(self, rows: Rows, target: Target, seed: int) -> FittedMedian:  # noqa: ARG002 (nothing else in it)
        """Raises FitError for a column without any training value: drop_constant leaves such out."""
        values = np.sort(rows.X.T, axis=1)  # missing values come last
        known = len(rows) - np.isnan(values).sum(axis=1)
        if (known == 0).any():
            empty = ", ".join(rows.columns.names[known == 0][:3])
            raise FitError(f"columns without any training value have no median, for example {empty}")
        column = np.arange(len(values))
        low, high = values[column, (known - 1) // 2], values[column, known // 2]
        return FittedMedian(low + (high - low) / 2)


@dataclass(frozen=True, eq=False)
class FittedMedian(FittedStep):
    """median: (p,)."""

    median: Floats

    def apply(self, rows: Rows) -> Rows:
        missing = np.isnan(rows.X)
        return rows.with_values(np.where(missing, self.median, rows.X)) if missing.any() else rows

    def undo(self, score: Linear, columns: Columns) -> Linear:  # noqa: ARG002 (known values stay as they are)
        return score
