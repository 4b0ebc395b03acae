"""Levels of categories that training has not seen."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from features.core.errors import FitError
from features.core.kinds.compared import Compared
from features.core.wording import counted
from tasks.modelling.preprocessing.step import FittedStep, Stage, Step
from tasks.modelling.rows import Names, Rows
from tasks.modelling.target import Target

Unseen = Literal["missing", "zero", "refuse"]


class Categories(Step):
    """Says what a row counts as whose category has a level that no training row has.

    Categories come as one column of 0 and 1 for each level that the catalog declares; of two levels, one column. That of a level
    that training has not seen holds zeros there, and a model learns nothing of it: without this step such a row counts as having
    none of the levels, unsaid. The column of such a level is dropped. It comes before steps that drop columns. Columns that are
    no level of a category stay as they are.
    """

    kind: Literal["categories"] = "categories"
    compared: ClassVar[Compared] = Compared(
        "a table by hand", "0", "tasks/modelling/preprocessing/encode/test_categories.py"
    )
    stage: ClassVar[Stage] = "encode"
    takes_missing: ClassVar[bool] = True

    unseen: Unseen = Field(
        "missing",
        description="a level that training has not seen: missing, so that an imputation after it fills in the category; zero, as "
        "having none of the levels; refuse, so that the fold has no score. The report counts such rows",
    )

    def fit(self, rows: Rows, target: Target, seed: int) -> FittedStep:  # noqa: ARG002 (the outcome has no part in it)
        columns = rows.columns
        _, place, count = np.unique(columns.categories, return_inverse=True, return_counts=True)
        is_level, alone = columns.categories != "", count[place] == 1
        has_one, has_zero = (rows.X == 1).any(axis=0), (rows.X == 0).any(axis=0)
        never = is_level & has_zero & ~has_one
        always = is_level & alone & has_one & ~has_zero  # of two levels the first is unseen
        return FittedCategories(columns.names, columns.categories, never, always, alone, self.unseen)


@dataclass(frozen=True, eq=False)
class FittedCategories(FittedStep):
    """names: (p,). categories: (p,) "" of columns that are no level. never: (p,) levels that no training row has; always: (p,)
    columns of two levels of which all have the second; alone: (p,) columns of two levels."""

    names: Names
    categories: Names
    never: NDArray[np.bool_]
    always: NDArray[np.bool_]
    alone: NDArray[np.bool_]
    unseen: Unseen

    def apply(self, rows: Rows) -> Rows:
        """Raises FitError for unseen levels where they are refused."""
        X = rows.X
        for name, own, of in self._unseen_rows(rows):
            if self.unseen == "refuse":
                raise FitError(
                    f"categories: {counted(len(own), 'row')} with a level of {name} that training has not seen; "
                    "unseen: missing imputes it, zero counts it as none of the levels"
                )
            if X is rows.X:
                X = rows.X.copy()
            X[np.ix_(own, of)] = np.nan if self.unseen == "missing" else 0.0
        found = rows.with_values(X)
        dropped = self.never & ~self.alone
        return found.keep(~dropped) if dropped.any() else found

    def remarks(self, rows: Rows) -> Counter[str]:
        as_what = "is imputed" if self.unseen == "missing" else "counts as none of the levels"
        return Counter(
            {
                f"categories: a level of {name} that training has not seen {as_what}": len(own)
                for name, own, _ in self._unseen_rows(rows)
            }
        )

    def _unseen_rows(self, rows: Rows) -> Iterator[tuple[str, NDArray[np.intp], NDArray[np.intp]]]:
        """Each category with the rows that have an unseen level of it, and its columns."""
        for name in np.unique(self.categories[self.never | self.always]).tolist():
            of = np.flatnonzero(self.categories == name)
            there = (rows.X[:, of] == 1) & self.never[of] | (rows.X[:, of] == 0) & self.always[of]
            own = np.flatnonzero(there.any(axis=1))
            if len(own):
                yield name, own, of
