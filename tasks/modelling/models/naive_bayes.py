"""Naive Bayes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Literal, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, PositiveFloat

from features.core.kinds.compared import Compared
from features.core.kinds.endpoint import Predicted
from tasks.modelling.answers import among_levels, codes, is_finite, of_probability, softmax
from tasks.modelling.models.model import CLEANED, NUMERICAL, FittedModel, PathModel, Settings
from tasks.modelling.prediction import Prediction
from tasks.modelling.rows import Floats, Rows
from tasks.modelling.target import Target


class NaiveBayes(PathModel):
    """Gaussian naive Bayes: each column has a normal distribution in each class, independent of the others.

    The score is the log odds. Columns that tell the same count twice, so that probabilities are too sure: the order of cases is
    what it is good for. var_smoothing: the share of the largest variance of a column that is added to all, as in scikit-learn.
    Columns have no weights. Hand & Yu, Int Stat Rev 2001;69:385.
    """

    kind: Literal["naive_bayes"] = "naive_bayes"
    compared: ClassVar[Compared] = Compared(
        "GaussianNB of scikit-learn on WORC-Lipo", "1e-6", "contracts/test_model_peers.py"
    )
    endpoints: ClassVar[frozenset[str]] = frozenset({"binary", "multiclass", "ordinal"})
    steps: ClassVar[tuple[Settings, ...]] = (*CLEANED, {"kind": "screen", "k": (10, 30)})
    tuned: ClassVar[tuple[str, ...]] = ("var_smoothing",)
    var_smoothing: tuple[PositiveFloat, ...] = Field(
        (1e-9,),
        min_length=1,
        title="Smoothing",
        description="of variances: more makes it less sure; inner folds choose",
    )

    def fit_variants(
        self,
        rows: Rows,
        target: Target,
        seed: int,  # noqa: ARG002 (nothing random in it)
        variants: Sequence[Self],
    ) -> list[FittedModel | Exception]:
        """Means and variances are those of all settings."""
        X = rows.X
        try:
            seen, own = np.unique(codes(target, self.kind), return_inverse=True)
            share = np.bincount(own) / len(own)
            mean = np.stack([is_finite(X[own == k], self.kind).mean(axis=0) for k in range(len(seen))])
            variance = np.stack([X[own == k].var(axis=0) for k in range(len(seen))])
            largest = float(X.var(axis=0).max())
        except NUMERICAL as error:
            return [error for _ in variants]
        levels, predicted = max(2, target.levels), target.endpoint.predicted
        widened = [variance + one.var_smoothing[0] * largest for one in variants]
        return [FittedNaiveBayes(mean, each, share, seen, levels, predicted) for each in widened]


@dataclass(frozen=True, eq=False)
class FittedNaiveBayes(FittedModel):
    """mean, variance: (seen, p) of each class that training had. share: (seen,) how common it was."""

    mean: Floats
    variance: Floats
    share: Floats
    seen: NDArray[np.intp]
    levels: int
    predicted: Predicted

    def predict(self, rows: Rows) -> Prediction:
        parts = [
            np.log(share) - 0.5 * (np.log(2 * np.pi * own) + (rows.X - middle) ** 2 / own).sum(axis=1)
            for share, middle, own in zip(self.share, self.mean, self.variance, strict=True)
        ]
        scores = is_finite(np.column_stack(parts), "naive_bayes")
        if self.predicted == "risk":
            return Prediction(risk=scores[:, 1] - scores[:, 0])
        return of_probability(among_levels(softmax(scores), self.seen, self.levels), self.predicted)

    def importance(self) -> Floats:
        return np.full(self.mean.shape[1], np.nan)

    def state(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in ("mean", "variance", "share", "seen", "levels")}
