"""Linear survival support vector machine: an order of the cases."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

import numpy as np
from pydantic import Field, PositiveFloat

from tasks.modelling.models.model import FittedModel, Model
from tasks.modelling.prediction import Prediction
from tasks.modelling.rows import Floats, Rows
from tasks.modelling.target import Target

MOST_STEPS = 1000


class SurvivalSvm(Model):
    """Linear survival SVM of ranking, which gives an order of the cases and no curves; scikit-survival's FastSurvivalSVM.

    A pair of cases whose earlier time is an event costs the square of what its scores lack to be 1 apart. C: what pairs cost
    beside the squares of the weights, as many as there are cases: alpha of scikit-survival is C × cases / pairs.
    Pölsterl et al., ECML PKDD 2015;9285:243.
    """

    kind: Literal["survival_svm"] = "survival_svm"
    endpoints: ClassVar[frozenset[str]] = frozenset({"survival", "competing_risks"})
    order_alone: ClassVar[bool] = True
    tuned: ClassVar[tuple[str, ...]] = ("C",)
    C: tuple[PositiveFloat, ...] = Field(
        (0.001, 0.01, 0.1),
        min_length=1,
        title="Cost",
        description="what wrongly ordered pairs cost; inner folds choose",
    )

    def fit(self, rows: Rows, target: Target, seed: int) -> FittedSurvivalSvm:
        """Raises ArithmeticError where no optimum is found, ValueError without a pair to compare."""
        from sklearn.exceptions import ConvergenceWarning
        from sksurv.svm import FastSurvivalSVM

        event, days = target.y["event"], target.y["time"]
        pairs = int(np.count_nonzero(event[:, None] & (days[:, None] < days[None, :])))
        if not pairs:
            raise ValueError(
                f"survival SVM: no event of {int(event.sum())} is before the end of another case's follow-up"
            )
        machine = FastSurvivalSVM(alpha=self.C[0] * len(rows) / pairs, max_iter=MOST_STEPS, random_state=seed % 2**32)
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            machine.fit(rows.X, target.y)
        for one in caught:
            if not issubclass(one.category, ConvergenceWarning) or "precision loss" in str(one.message):
                warnings.warn_explicit(one.message, one.category, one.filename, one.lineno)  # at most rounding is left
                continue
            raise ArithmeticError(
                f"survival SVM: no optimum within {machine.n_iter_} steps at C = {self.C[0]:g}, with {rows.X.shape[1]} columns "
                f"and {len(rows)} cases; a smaller C or fewer columns have one sooner"
            )
        return FittedSurvivalSvm(-np.asarray(machine.coef_, np.float64))  # theirs order by survival


@dataclass(frozen=True, eq=False)
class FittedSurvivalSvm(FittedModel):
    """coefficients: (p,); a higher score is an earlier event."""

    coefficients: Floats

    def predict(self, rows: Rows) -> Prediction:
        risk = (rows.X * self.coefficients).sum(axis=1)
        if not np.isfinite(risk).all():
            raise ArithmeticError("survival SVM gave scores that are not finite")
        return Prediction(risk=risk)

    def importance(self) -> Floats:
        return self.coefficients

    def state(self) -> dict[str, Any]:
        return {"coefficients": self.coefficients}
