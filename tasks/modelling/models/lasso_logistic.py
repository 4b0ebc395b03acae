"""LASSO logistic regression."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Literal

import numpy as np
from pydantic import Field, PositiveFloat

from features.core.kinds.endpoint import Predicted
from tasks.modelling.estimators.estimated import EstimatedModel
from tasks.modelling.rows import Floats

if TYPE_CHECKING:
    from sklearn.base import BaseEstimator


class LassoLogistic(EstimatedModel):
    """Logistic regression with an L1 penalty, classes weighted alike; the score is the log odds.

    Of classes and labels one regression for each against the rest; of ranks one for each step up (Frank & Hall 2001).
    C: inverse strength of the penalty on standardised columns. Where every coefficient is zero, all scores tie.
    Tibshirani, J R Stat Soc B 1996;58:267.
    """

    kind: Literal["lasso_logistic"] = "lasso_logistic"
    endpoints: ClassVar[frozenset[str]] = frozenset({"binary", "multiclass", "multilabel", "ordinal"})
    tuned: ClassVar[tuple[str, ...]] = ("C",)
    C: tuple[PositiveFloat, ...] = Field(
        (0.1, 0.3, 1.0),
        min_length=1,
        title="Inverse penalty (C)",
        description="small values keep few columns; inner folds choose",
    )

    def estimator(self, seed: int, predicted: Predicted) -> BaseEstimator:
        from sklearn.linear_model import LogisticRegression
        from sklearn.multiclass import OneVsRestClassifier

        from tasks.modelling.estimators.steps_up import StepsUp

        one = LogisticRegression(
            C=self.C[0], l1_ratio=1.0, solver="liblinear", class_weight="balanced", max_iter=1000, random_state=seed
        )
        if predicted == "risk":
            return one
        return StepsUp(one) if predicted == "ranks" else OneVsRestClassifier(one)

    def weights(self, estimator: Any) -> Floats:
        """Coefficients; of several regressions their mean over ranks, or their mean size over classes and labels."""
        if not hasattr(estimator, "estimators_"):
            return np.asarray(estimator.coef_[0], dtype=np.float64)
        several = np.array([one.coef_[0] for one in estimator.estimators_], dtype=np.float64)
        ordered = type(estimator).__name__ == "StepsUp"
        return np.asarray(several.mean(axis=0) if ordered else np.abs(several).mean(axis=0))
