"""LASSO logistic regression."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Literal

import numpy as np
from pydantic import Field, PositiveFloat

from tasks.modelling.models.model import Floats, Model, Task

if TYPE_CHECKING:
    from sklearn.linear_model import LogisticRegression


class LassoLogistic(Model):
    """Logistic regression with an L1 penalty, classes weighted alike; the score is the log odds.

    C: inverse strength of the penalty on standardised columns. Where every coefficient is zero, all scores tie.
    Tibshirani, J R Stat Soc B 1996;58:267.
    """

    kind: Literal["lasso_logistic"] = "lasso_logistic"
    task: ClassVar[Task] = "binary"
    C: tuple[PositiveFloat, ...] = Field(
        (0.1, 0.3, 1.0),
        min_length=1,
        title="Inverse penalty (C)",
        description="small values keep few columns; inner folds choose",
    )

    def estimator(self, seed: int) -> LogisticRegression:
        from sklearn.linear_model import LogisticRegression

        return LogisticRegression(
            C=self.C[0], l1_ratio=1.0, solver="liblinear", class_weight="balanced", max_iter=1000, random_state=seed
        )

    def settings(self) -> dict[str, list[Any]]:
        return {"C": list(self.C)}

    def weights(self, estimator: LogisticRegression) -> Floats:
        return np.asarray(estimator.coef_[0], dtype=np.float64)
