"""KeptColumns: what a step is, once fitted, that keeps some columns and drops the others."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tasks.modelling.linear import Linear
from tasks.modelling.preprocessing.step import FittedStep
from tasks.modelling.rows import Columns, Floats, Rows


@dataclass(frozen=True, eq=False)
class KeptColumns(FittedStep):
    """kept: positions of the columns, ascending. strength: (p,) what decided, of every column. note: for readers, or ""."""

    kept: NDArray[np.intp]
    strength: Floats
    note: str = ""

    def apply(self, rows: Rows) -> Rows:
        return rows.keep(self.kept)

    def notes(self) -> Counter[str]:
        return Counter({self.note: 1} if self.note else {})

    def undo(self, score: Linear, columns: Columns) -> Linear:  # noqa: ARG002 (known values stay as they are)
        return score
