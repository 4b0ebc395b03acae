"""What is missing, and nothing else."""

from __future__ import annotations

from dataclasses import replace
from typing import ClassVar, Literal

from features.core.errors import FitError
from features.core.kinds.compared import Compared
from features.core.wording import counted
from tasks.modelling.controls.control import Control, Given, Run


class Missingness(Control):
    """Columns that say 1 where a value is missing and 0 where it is there, in the same folds.

    What is measured of whom is often decided by who is ill. van Ness et al., Patterns 2023;4:100837.
    """

    kind: Literal["missingness"] = "missingness"
    compared: ClassVar[Compared] = Compared.laws("tasks/modelling/test_controls.py")
    is_null: ClassVar[bool] = False
    says: ClassVar[str] = "Above chance, it tells the outcome which values are missing, and the score may live on that."

    def runs(self, given: Given) -> list[Run]:
        X = given.design.X[list(given.columns)].isna()
        lacking = [str(name) for name in X if 0 < int(X[name].sum()) < len(X)]
        if not lacking:
            raise FitError("every column is known of all cases, or of none")
        design = replace(given.design, X=given.design.X.assign(**X[lacking].astype(float)))
        return [Run(f"missing or not, {counted(len(lacking), 'column')}", design, tuple(lacking), given.folds)]
