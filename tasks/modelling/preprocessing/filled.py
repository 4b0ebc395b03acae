"""Filled: what a step is, once fitted, that puts one value of each column wherever it is missing."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tasks.modelling.preprocessing.step import FittedStep
from tasks.modelling.rows import Floats, Rows


@dataclass(frozen=True, eq=False)
class Filled(FittedStep):
    """value: (p,), NaN where missing values stay."""

    value: Floats

    def apply(self, rows: Rows) -> Rows:
        missing = np.isnan(rows.X)
        return rows.with_values(np.where(missing, self.value, rows.X)) if missing.any() else rows
