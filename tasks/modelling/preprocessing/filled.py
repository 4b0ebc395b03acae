"""Filled: what a step is, once fitted, that puts one value of each column wherever it is missing."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tasks.modelling.linear import Linear
from tasks.modelling.preprocessing.step import FittedStep
from tasks.modelling.rows import Columns, Floats, Rows


@dataclass(frozen=True, eq=False)
class Filled(FittedStep):
    """value: (p,), NaN where missing values stay."""

    value: Floats

    def apply(self, rows: Rows) -> Rows:
        missing = np.isnan(rows.X)
        return rows.with_values(np.where(missing, self.value, rows.X)) if missing.any() else rows

    def undo(self, score: Linear, columns: Columns) -> Linear:  # noqa: ARG002 (known values stay as they are)
        return score
