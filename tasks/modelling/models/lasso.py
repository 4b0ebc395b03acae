"""LASSO regression of a number."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, Literal, Self

import numpy as np
from pydantic import Field, PositiveFloat

from features.core.kinds.compared import Compared
from tasks.modelling.models.model import NUMERICAL, FittedModel, PathModel
from tasks.modelling.prediction import Prediction
from tasks.modelling.rows import Floats, Rows
from tasks.modelling.target import Target

Share = Annotated[float, Field(gt=0, le=1)]
MOST_PASSES = 100_000


class Lasso(PathModel):
    """Least squares with an L1 penalty and a free intercept.

    alpha_fraction: penalty as a fraction of the smallest one that sets every coefficient to zero.
    Tibshirani, J R Stat Soc B 1996;58:267.
    """

    kind: Literal["lasso"] = "lasso"
    compared: ClassVar[Compared] = Compared(
        "Lasso of scikit-learn on WORC-Lipo", "1e-4", "contracts/test_model_peers.py"
    )
    endpoints: ClassVar[frozenset[str]] = frozenset({"continuous"})
    usual: ClassVar[bool] = True
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
        return fit_path(rows, target, [one.alpha_fraction[0] for one in variants], 1.0, self.kind)


def fit_path(
    rows: Rows, target: Target, fractions: Sequence[float], l1_ratio: float, kind: str
) -> list[FittedModel | Exception]:
    """A model for each penalty, as a fraction of the smallest that sets every coefficient to zero, from one path.

    l1_ratio: the share of the penalty that is L1. Not at its optimum after 100,000 passes: an ArithmeticError instead.
    """
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.linear_model import enet_path

    y = np.asarray(target.y, np.float64)
    each = np.unique(fractions)[::-1]
    centre, middle = rows.X.mean(axis=0), y.mean()
    spread = float(np.std(y)) or 1.0  # so that the tolerance means the same in every unit
    X, goal = np.asfortranarray(rows.X - centre), (y - middle) / spread
    try:
        largest = float(np.abs(X.T @ goal).max(initial=0.0)) / (len(y) * l1_ratio)
        penalties = each * (largest if largest > 0 else 1.0)
        with warnings.catch_warnings():
            warnings.simplefilter("error", ConvergenceWarning)
            path = enet_path(X, goal, l1_ratio=l1_ratio, alphas=penalties, tol=1e-6, max_iter=MOST_PASSES)[1].T * spread
    except ConvergenceWarning:
        left = f"{kind}: not at its optimum after {MOST_PASSES} passes at alpha_fraction {each[-1]:g}: name larger ones"
        return [ArithmeticError(left) for _ in fractions]
    except NUMERICAL as error:
        return [error for _ in fractions]
    found = dict(zip(each.tolist(), path, strict=True))
    return [FittedLinear(b, float(middle - (centre * b).sum()), kind) for b in map(found.__getitem__, fractions)]


@dataclass(frozen=True, eq=False)
class FittedLinear(FittedModel):
    """coefficients: (p,) and intercept, in the unit of the outcome."""

    coefficients: Floats
    intercept: float
    kind: str = "lasso"

    def predict(self, rows: Rows) -> Prediction:
        value = (rows.X * self.coefficients).sum(axis=1) + self.intercept
        if not np.isfinite(value).all():
            raise ArithmeticError(f"{self.kind} gave values that are not finite")
        return Prediction(risk=value, value=value)

    def importance(self) -> Floats:
        return self.coefficients

    def state(self) -> dict[str, Any]:
        return {"coefficients": self.coefficients, "intercept": self.intercept}
