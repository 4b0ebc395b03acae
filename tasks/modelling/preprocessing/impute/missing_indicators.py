"""Flags that say which values are missing."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from features.core.kinds.compared import Compared
from tasks.modelling.preprocessing.step import FittedStep, Stage, Step
from tasks.modelling.rows import Columns, Names, Rows
from tasks.modelling.target import Target

ENDING = "__missing"


class MissingIndicators(Step):
    """Adds a column NAME__missing: 1 where the column is missing, else 0. Missing values stay, for an imputation after it.

    Of columns that are missing in the same training rows, such as those of an image that a case does not have, one flag is
    enough: that of the first. Columns that hardly any training row lacks, or has, get none. What is missing may tell the outcome
    because of how cases were collected, not of what they are: see whether it still does in another centre. As MissingIndicator
    of scikit-learn, but for equal flags.
    """

    kind: Literal["missing_indicators"] = "missing_indicators"
    compared: ClassVar[Compared] = Compared(
        "a table by hand", "0", "tasks/modelling/preprocessing/impute/test_impute.py"
    )
    stage: ClassVar[Stage] = "impute"
    takes_missing: ClassVar[bool] = True
    of_missing: ClassVar[bool] = True
    makes_columns: ClassVar[bool] = True

    least: float = Field(
        0.05, ge=0, lt=0.5, description="a flag needs at least this share of training rows of either kind"
    )

    def fit(self, rows: Rows, target: Target, seed: int) -> FittedStep:  # noqa: ARG002 (nothing else in it)
        missing = np.isnan(rows.X)
        share = missing.mean(axis=0)
        told = np.flatnonzero((share > 0) & (share < 1) & (share >= self.least) & (share <= 1 - self.least))
        patterns = np.packbits(missing[:, told].T, axis=1)
        first = np.unique(patterns, axis=0, return_index=True)[1] if len(told) else np.empty(0, np.intp)
        flagged = told[np.sort(first)]
        names = np.array([f"{name}{ENDING}" for name in rows.columns.names[flagged].tolist()], np.str_)
        return FittedIndicators(flagged, Columns(names, rows.columns.blocks[flagged]))


@dataclass(frozen=True, eq=False)
class FittedIndicators(FittedStep):
    """flagged: positions of the columns that get a flag. columns: those flags."""

    flagged: NDArray[np.intp]
    columns: Columns

    def apply(self, rows: Rows) -> Rows:
        if not len(self.flagged):
            return rows
        X = np.hstack([rows.X, np.isnan(rows.X[:, self.flagged])])
        return replace(rows, X=X, columns=Columns.joined([rows.columns, self.columns]))

    def state(self) -> dict[str, NDArray[np.intp] | Names]:
        return {"flagged": self.flagged, "names": self.columns.names}
