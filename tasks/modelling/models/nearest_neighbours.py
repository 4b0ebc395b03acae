"""Nearest neighbours."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, PositiveInt

from features.core.kinds.compared import Compared
from features.core.kinds.endpoint import Predicted
from tasks.modelling.answers import indicators, is_finite, of_indicators
from tasks.modelling.models.model import CLEANED, NUMERICAL, FittedModel, PathModel, Settings
from tasks.modelling.prediction import Prediction
from tasks.modelling.rows import Floats, Rows
from tasks.modelling.target import Target


class NearestNeighbours(PathModel):
    """The mean outcome of the training cases that are nearest, by Euclidean distance of all columns.

    The score is the share of positives among them, or the mean number. Of equally distant cases the first in training counts.
    Every column counts alike, so screen them first. Columns have no weights. Cover & Hart, IEEE Trans Inf Theory 1967;13:21.
    """

    kind: Literal["nearest_neighbours"] = "nearest_neighbours"
    compared: ClassVar[Compared] = Compared(
        "KNeighborsClassifier and -Regressor of scikit-learn on WORC-Lipo", "1e-9", "contracts/test_model_peers.py"
    )
    endpoints: ClassVar[frozenset[str]] = frozenset({"binary", "multiclass", "multilabel", "ordinal", "continuous"})
    keeps_cases: ClassVar[bool] = True
    steps: ClassVar[tuple[Settings, ...]] = (*CLEANED, {"kind": "screen", "k": (10, 30)})
    tuned: ClassVar[tuple[str, ...]] = ("neighbours",)
    neighbours: tuple[PositiveInt, ...] = Field(
        (25, 11, 5), min_length=1, title="Neighbours", description="how many count; inner folds choose"
    )

    def fit_variants(
        self,
        rows: Rows,
        target: Target,
        seed: int,  # noqa: ARG002 (nothing random in it)
        variants: Sequence[Self],
    ) -> list[FittedModel | Exception]:
        """Distances of cases that are predicted are computed once for all settings."""
        try:
            near = _Near(is_finite(rows.X, self.kind), max(one.neighbours[0] for one in variants))
        except NUMERICAL as error:
            return [error for _ in variants]
        found: list[FittedModel | Exception] = []
        for one in variants:
            k = one.neighbours[0]
            few = f"{self.kind}: {k} neighbours of {len(rows)} training cases: name fewer"
            found.append(
                FittedNeighbours(near, indicators(target), k, target.endpoint.predicted)
                if k <= len(rows)
                else ArithmeticError(few)
            )
        return found


@dataclass(eq=False)
class _Near:
    """X: (n, p) of training cases. most: how many are ever asked for. last: the cases asked about last, and their nearest."""

    X: Floats
    most: int
    last: tuple[Floats, NDArray[np.intp]] | None = field(default=None, init=False, repr=False)

    def of(self, X: Floats) -> NDArray[np.intp]:
        """The nearest training cases of each, (m, most), nearest first."""
        if self.last is None or self.last[0] is not X:
            from tasks.modelling.solvers.kernels import linear

            apart = (self.X * self.X).sum(axis=1) - 2.0 * linear(X, self.X)  # + what is the same of all training cases
            self.last = X, np.argsort(apart, axis=1, kind="stable")[:, : self.most]
        return self.last[1]


@dataclass(frozen=True, eq=False)
class FittedNeighbours(FittedModel):
    """near: the training cases. wanted: (n, m) their outcomes: indicators of classes, or numbers. k: how many neighbours count."""

    near: _Near
    wanted: Floats
    k: int
    predicted: Predicted

    def predict(self, rows: Rows) -> Prediction:
        nearest = self.near.of(is_finite(rows.X, "nearest_neighbours"))[:, : self.k]
        return of_indicators(self.wanted[nearest].mean(axis=1), self.predicted)

    def importance(self) -> Floats:
        return np.full(self.near.X.shape[1], np.nan)

    def state(self) -> dict[str, Any]:
        return {"X": self.near.X, "wanted": self.wanted, "k": self.k}
