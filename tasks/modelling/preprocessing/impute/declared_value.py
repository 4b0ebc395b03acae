"""A value that the study declares."""

from __future__ import annotations

from typing import ClassVar, Literal

import numpy as np
from pydantic import Field, FiniteFloat

from features.core.kinds.compared import Compared
from tasks.modelling.preprocessing.filled import Filled
from tasks.modelling.preprocessing.step import FittedStep, Stage, Step
from tasks.modelling.rows import Rows
from tasks.modelling.target import Target


class DeclaredValue(Step):
    """Missing values become a value that the study declares: nothing is learnt.

    For what is missing because it is nothing, such as the volume of a node that nobody saw. It may stand several times, for
    other columns or blocks; what it leaves missing is for an imputation after it.
    """

    kind: Literal["declared_value"] = "declared_value"
    compared: ClassVar[Compared] = Compared(
        "a table by hand", "0", "tasks/modelling/preprocessing/impute/test_impute.py"
    )
    stage: ClassVar[Stage] = "impute"
    takes_missing: ClassVar[bool] = True
    of_missing: ClassVar[bool] = True
    repeatable: ClassVar[bool] = True

    value: FiniteFloat = Field(0.0, description="what stands for a missing value, in the unit of the columns")
    columns: tuple[str, ...] = Field((), description="columns that it is for; none named: all columns of its blocks")

    @property
    def fills(self) -> bool:
        return not self.columns

    def fit(self, rows: Rows, target: Target, seed: int) -> FittedStep:  # noqa: ARG002 (nothing is learnt)
        """Columns that a step before dropped, or that are of another set of blocks, need no value. Raises FitError if none is left.

        Of blocks whose columns are all others than those named nothing is said: there the step does nothing.
        """
        if not self.columns:
            return Filled(np.full(len(rows.columns), self.value))
        return Filled(np.where(np.isin(rows.columns.names, self.columns), self.value, np.nan))
