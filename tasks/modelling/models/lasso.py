"""LASSO regression of a number."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Literal, Self

import numpy as np
from pydantic import Field, PositiveFloat

from tasks.modelling.models.model import NUMERICAL, FittedModel, PathModel
from tasks.modelling.prediction import Prediction
from tasks.modelling.rows import Floats, Rows
from tasks.modelling.target import Target


class Lasso(PathModel):
    """Least squares with an L1 penalty and a free intercept.

    alpha_fraction: penalty as a fraction of the smallest one that sets every coefficient to zero.
    Tibshirani, J R Stat Soc B 1996;58:267.
    """

    kind: Literal["lasso"] = "lasso"
    endpoints: ClassVar[frozenset[str]] = frozenset({"continuous"})
    tuned: ClassVar[tuple[str, ...]] = ("alpha_fraction",)
    alpha_fraction: tuple[PositiveFloat, ...] = Field(
        (0.5, 0.25, 0.1),
        min_length=1,
        title="Penalty",
        description="fraction of the smallest penalty that sets every coefficient to zero; inner folds choose",
    )

    def fit_variants(
        self,
        rows: Rows,
        target: Target,
        seed: int,  # noqa: ARG002 (nothing random in it)
        variants: Sequence[Self],
    ) -> list[FittedModel | Exception]:
        """One path for all settings, from the strongest penalty to the weakest."""
        from sklearn.linear_model import lasso_path

        y = np.asarray(target.y, np.float64)
        fractions = np.unique([one.alpha_fraction[0] for one in variants])[::-1]
        centre, middle = rows.X.mean(axis=0), y.mean()
        spread = float(np.std(y)) or 1.0  # so that the tolerance means the same in every unit
        X, goal = np.asfortranarray(rows.X - centre), (y - middle) / spread
        try:
            largest = float(np.abs(X.T @ goal).max(initial=0.0)) / len(y)
            penalties = fractions * (largest if largest > 0 else 1.0)
            path = lasso_path(X, goal, alphas=penalties, tol=1e-6, max_iter=100_000)[1].T * spread
        except NUMERICAL as error:
            return [error for _ in variants]
        found = dict(zip(fractions.tolist(), path, strict=True))
        each = [found[float(one.alpha_fraction[0])] for one in variants]
        return [FittedLasso(b, float(middle - (centre * b).sum())) for b in each]


@dataclass(frozen=True, eq=False)
class FittedLasso(FittedModel):
    """coefficients: (p,) and intercept, in the unit of the outcome."""

    coefficients: Floats
    intercept: float

    def predict(self, rows: Rows) -> Prediction:
        value = (rows.X * self.coefficients).sum(axis=1) + self.intercept
        if not np.isfinite(value).all():
            raise ArithmeticError("LASSO gave values that are not finite")
        return Prediction(risk=value, value=value)

    def importance(self) -> Floats:
        return self.coefficients

    def state(self) -> dict[str, Any]:
        return {"coefficients": self.coefficients, "intercept": self.intercept}
