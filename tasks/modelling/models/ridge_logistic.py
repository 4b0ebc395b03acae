"""Ridge logistic regression."""

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
from tasks.modelling.models.model import NUMERICAL, FittedModel, PathModel
from tasks.modelling.prediction import Prediction
from tasks.modelling.rows import Floats, Rows
from tasks.modelling.target import Target


class RidgeLogistic(PathModel):
    """Logistic regression with an L2 penalty and free intercepts; the score is the log odds.

    Of several classes it is multinomial, of ranks it has proportional odds: one weight of a column for every step. C: inverse
    strength of the penalty, as in scikit-learn: sum of losses × C + half the sum of squared coefficients. Every column keeps
    a weight, and correlated columns share it. Le Cessie & van Houwelingen, Appl Stat 1992;41:191; McCullagh, J R Stat Soc B
    1980;42:109.
    """

    kind: Literal["ridge_logistic"] = "ridge_logistic"
    compared: ClassVar[Compared] = Compared(
        "LogisticRegression of scikit-learn and OrderedModel of statsmodels on WORC-Lipo",
        "1e-5; ranks 1e-6",
        "tasks/modelling/models/test_ridge_logistic.py",
    )
    endpoints: ClassVar[frozenset[str]] = frozenset({"binary", "multiclass", "ordinal"})
    tuned: ClassVar[tuple[str, ...]] = ("C",)
    C: tuple[PositiveFloat, ...] = Field(
        (0.001, 0.01, 0.1, 1.0),
        min_length=1,
        title="Inverse penalty (C)",
        description="small values draw all coefficients towards zero; inner folds choose",
    )

    def fit_variants(
        self,
        rows: Rows,
        target: Target,
        seed: int,  # noqa: ARG002 (nothing random in it)
        variants: Sequence[Self],
    ) -> list[FittedModel | Exception]:
        """Columns are turned once for all settings."""
        from tasks.modelling.solvers.ridge_logistic import Turned

        try:
            turned = Turned.of(is_finite(rows.X, "ridge_logistic"))
            seen, own = np.unique(codes(target, "ridge_logistic"), return_inverse=True)
        except NUMERICAL as error:
            return [error for _ in variants]
        found: list[FittedModel | Exception] = []
        for one in variants:
            try:
                found.append(_fit(turned, own, one.C[0], seen, target))
            except NUMERICAL as error:
                found.append(error)
        return found


def _fit(turned: Any, own: NDArray[np.intp], C: float, seen: NDArray[np.intp], target: Target) -> FittedRidgeLogistic:
    from tasks.modelling.solvers.ridge_logistic import ridge_multinomial, ridge_proportional_odds

    predicted, levels = target.endpoint.predicted, max(2, target.levels)
    if predicted == "ranks":
        cuts, weights = ridge_proportional_odds(turned.Z, own, len(seen), C)
        return FittedRidgeLogistic(cuts, turned.back(weights)[None, :], predicted, levels, seen)
    found = ridge_multinomial(turned.Z, own, len(seen), C)
    return FittedRidgeLogistic(found[:, 0], turned.back(found[:, 1:].T).T, predicted, levels, seen)


@dataclass(frozen=True, eq=False)
class FittedRidgeLogistic(FittedModel):
    """coefficients: (questions, p). intercepts: (questions,); of ranks the thresholds of steps, for one row of coefficients.

    A question is that of the second of two classes, or that of each of several. seen: the classes or ranks that training had.
    """

    intercepts: Floats
    coefficients: Floats
    predicted: Predicted
    levels: int
    seen: NDArray[np.intp]

    def predict(self, rows: Rows) -> Prediction:
        from tasks.modelling.solvers.kernels import linear

        scores = is_finite(linear(rows.X, self.coefficients), "ridge_logistic")
        if self.predicted == "ranks":
            above = _sure(scores - self.intercepts)
            edges = np.column_stack([np.ones(len(above)), above, np.zeros(len(above))])
            return of_probability(among_levels(edges[:, :-1] - edges[:, 1:], self.seen, self.levels), self.predicted)
        odds = scores + self.intercepts
        if self.predicted == "risk":
            return Prediction(risk=odds[:, 0])
        several = np.column_stack([np.zeros(len(odds)), odds]) if odds.shape[1] == 1 else odds
        return of_probability(among_levels(softmax(several), self.seen, self.levels), self.predicted)

    def importance(self) -> Floats:
        """Coefficients; of several classes their mean size."""
        one = len(self.coefficients) == 1
        return np.asarray(self.coefficients[0] if one else np.abs(self.coefficients).mean(axis=0))

    def linear(self) -> tuple[float, Floats] | None:
        return (float(self.intercepts[0]), self.coefficients[0]) if self.predicted == "risk" else None

    def state(self) -> dict[str, Any]:
        names = ("intercepts", "coefficients", "levels", "seen")
        return {name: getattr(self, name) for name in names}


def _sure(odds: Floats) -> Floats:
    """Probabilities of log odds."""
    return np.asarray(0.5 * (1.0 + np.tanh(0.5 * odds)))
