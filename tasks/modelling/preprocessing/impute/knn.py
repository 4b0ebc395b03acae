"""The mean of the nearest training rows."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar, Literal

import numpy as np
from pydantic import Field, PositiveInt

from features.core.kinds.compared import Compared
from tasks.modelling.linear import Linear
from tasks.modelling.preprocessing.standard import Standard
from tasks.modelling.preprocessing.step import FittedStep, Stage, Step
from tasks.modelling.rows import Columns, Floats, Rows
from tasks.modelling.target import Target

Weights = Literal["uniform", "distance"]


class Knn(Step):
    """A missing value becomes the mean of that column in the nearest training rows that have it.

    Near is what differs little in the columns that both rows have, each in standard deviations of the training rows: no step
    need scale them before, and values keep their units. Where a row has no column in common with others, the training mean of
    the column stands. What is kept of a fit are the values of its training rows. KNNImputer of scikit-learn on standardised
    columns; Troyanskaya et al., Bioinformatics 2001;17:520.
    """

    kind: Literal["knn"] = "knn"
    compared: ClassVar[Compared] = Compared(
        "KNNImputer of scikit-learn on WORC-Lipo", "1e-7", "tasks/modelling/preprocessing/impute/test_impute.py"
    )
    stage: ClassVar[Stage] = "impute"
    takes_missing: ClassVar[bool] = True
    of_missing: ClassVar[bool] = True

    neighbours: PositiveInt = Field(5, description="how many training rows a value is the mean of")
    weights: Weights = Field(
        "uniform", description="how they count: all alike, or by one over their distance (distance)"
    )

    @property
    def fills(self) -> bool:
        return True

    def fit(self, rows: Rows, target: Target, seed: int) -> FittedStep:  # noqa: ARG002 (nothing random in it)
        """Raises FitError for a column without any training value, and for infinite ones."""
        standard = Standard.of(self.kind, rows)
        return FittedKnn(standard.mean, standard.spread, standard.scaled(rows.X), self.neighbours, self.weights)


@dataclass(frozen=True, eq=False)
class FittedKnn(FittedStep):
    """mean, spread: (p,). donors: (n, p) training rows in spreads from the mean, NaN where missing."""

    mean: Floats
    spread: Floats
    donors: Floats
    neighbours: int
    weights: Weights

    def apply(self, rows: Rows) -> Rows:
        missing = np.isnan(rows.X)
        if not missing.any():
            return rows
        standard = Standard(self.mean, self.spread)
        lacking = missing.any(axis=1)
        filled = rows.X.copy()
        found = standard.back(self._imputer.transform(standard.scaled(rows.X[lacking])))
        filled[lacking] = np.where(missing[lacking], found, rows.X[lacking])
        return rows.with_values(filled)

    def undo(self, score: Linear, columns: Columns) -> Linear:  # noqa: ARG002 (known values stay as they are)
        return score

    @cached_property
    def _imputer(self) -> Any:
        from sklearn.impute import KNNImputer

        return KNNImputer(n_neighbors=self.neighbours, weights=self.weights).fit(self.donors)
