"""Columns of little variance, in their own units."""

from __future__ import annotations

from typing import ClassVar, Literal

import numpy as np
from pydantic import Field, NonNegativeFloat

from features.core.errors import FitError
from features.core.kinds.compared import Compared
from tasks.modelling.preprocessing.kept_columns import KeptColumns, left_out
from tasks.modelling.preprocessing.step import FittedStep, Stage, Step
from tasks.modelling.rows import Rows
from tasks.modelling.target import Target


class VarianceThreshold(Step):
    """Keeps columns whose training variance (of the population: ddof 0) is above the threshold; missing values are left out.

    A variance has a unit: the threshold means something for columns of one scale, such as 0/1 flags, of which those with one
    answer in a share q of the cases have q(1 − q). It comes before columns are scaled to one variance. As VarianceThreshold
    of scikit-learn.
    """

    kind: Literal["variance_threshold"] = "variance_threshold"
    compared: ClassVar[Compared] = Compared(
        "VarianceThreshold of scikit-learn on WORC-Lipo", "1e-9", "tasks/modelling/preprocessing/clean/test_clean.py"
    )
    stage: ClassVar[Stage] = "clean"
    takes_missing: ClassVar[bool] = True

    threshold: NonNegativeFloat = Field(0.0, description="columns up to this variance, in their own units, are dropped")

    def fit(self, rows: Rows, target: Target, seed: int) -> FittedStep:  # noqa: ARG002 (nothing else in it)
        """Raises FitError if no column is left."""
        known = ~np.isnan(rows.X)
        count = known.sum(axis=0)
        with np.errstate(over="ignore", invalid="ignore"):  # of infinite values there is no variance
            values = np.where(known, rows.X, 0.0)
            mean = values.sum(axis=0) / np.maximum(count, 1)
            variance = (np.where(known, rows.X - mean, 0.0) ** 2).sum(axis=0) / np.maximum(count, 1)
        varies = np.fmax.reduce(rows.X, axis=0) > np.fmin.reduce(rows.X, axis=0)  # rounding gives constants a variance
        kept = np.flatnonzero(varies & ((variance > self.threshold) | np.isnan(variance)))
        if not len(kept):
            most = np.nanmax(variance, initial=0.0)
            raise FitError(
                f"variance_threshold: none of {len(variance)} columns has a variance above {self.threshold:g}; "
                f"the largest is {most:.3g}"
            )
        told = left_out(self.kind, rows.columns, kept, f"a variance of at most {self.threshold:g} in the training rows")
        return KeptColumns(kept, variance, left_out=told)
