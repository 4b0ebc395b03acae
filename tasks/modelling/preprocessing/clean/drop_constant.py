"""Columns that say nothing."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from features.core.errors import FitError
from features.core.kinds.compared import Compared
from features.core.wording import counted
from tasks.modelling.linear import Linear
from tasks.modelling.preprocessing.kept_columns import MOST_NAMED, more_than
from tasks.modelling.preprocessing.step import FittedStep, Stage, Step
from tasks.modelling.rows import Columns, Floats, Rows
from tasks.modelling.target import Target


class DropConstant(Step):
    """Drops columns that are all missing, constant (missing values aside) or equal to an earlier column in the training rows.

    It stands before imputation, so that a column without any training value is dropped and not invented; equal means equal
    values and the same missing cells.
    """

    kind: Literal["drop_constant"] = "drop_constant"
    compared: ClassVar[Compared] = Compared(
        "a table by hand", "0", "tasks/modelling/preprocessing/clean/test_drop_constant.py"
    )
    stage: ClassVar[Stage] = "clean"
    takes_missing: ClassVar[bool] = True

    def fit(self, rows: Rows, target: Target, seed: int) -> FittedDropConstant:  # noqa: ARG002 (nothing else in it)
        """Raises FitError if no column is left."""
        X = rows.X
        lowest, highest = np.fmin.reduce(X, axis=0), np.fmax.reduce(X, axis=0)
        missing, constant = np.isnan(lowest), lowest == highest
        varies = ~(missing | constant)
        duplicated = np.zeros(len(varies), bool)
        duplicated[varies] = _duplicated(X[:, varies])
        kept = np.flatnonzero(varies & ~duplicated)
        if not len(kept):
            raise FitError(
                f"none of {counted(X.shape[1], 'column')} varies within the {counted(X.shape[0], 'training case')}: "
                "each is empty or one value; measure or fill in these columns, or leave their blocks out"
            )
        reasons = np.array(
            ["", "missing in all training rows", "one value in the training rows", "equal to an earlier column"]
        )
        why = reasons[missing + 2 * constant + 3 * duplicated]
        names = rows.columns.names
        told = [
            f"{self.kind} left out {names[i]}: {why[i]}" for i in np.flatnonzero(~np.isin(np.arange(len(names)), kept))
        ]
        left = tuple(told) if len(told) <= MOST_NAMED else (*told[:MOST_NAMED], more_than(self.kind))
        return FittedDropConstant(
            kept, np.flatnonzero(missing), np.flatnonzero(constant), np.flatnonzero(duplicated), left
        )


@dataclass(frozen=True, eq=False)
class FittedDropConstant(FittedStep):
    """Positions of the columns that are kept, and of those that are dropped, by reason; left_out: as of KeptColumns."""

    kept: NDArray[np.intp]
    missing: NDArray[np.intp]
    constant: NDArray[np.intp]
    duplicated: NDArray[np.intp]
    left_out: tuple[str, ...] = ()

    def apply(self, rows: Rows) -> Rows:
        return rows.keep(self.kept)

    def notes(self) -> Counter[str]:
        return Counter(self.left_out)

    def undo(self, score: Linear, columns: Columns) -> Linear:  # noqa: ARG002 (known values stay as they are)
        return score


def _duplicated(X: Floats) -> NDArray[np.bool_]:
    """True for columns that are byte for byte equal to an earlier one, (p,); -0.0 is 0.0 and every NaN is one NaN."""
    _, same, often = np.unique(X[0], return_inverse=True, return_counts=True)
    alike = np.flatnonzero(often[same] > 1)  # equal columns begin alike: the others need no look
    columns = np.ascontiguousarray(np.where(np.isnan(X[:, alike]), np.nan, X[:, alike] + 0.0).T)
    seen: set[bytes] = set()
    found = np.zeros(X.shape[1], dtype=bool)
    for i, column in zip(alike, columns, strict=True):
        key = column.tobytes()
        found[i] = key in seen
        seen.add(key)
    return found
