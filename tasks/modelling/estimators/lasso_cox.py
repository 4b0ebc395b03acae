"""LassoCox: Cox regression with an L1 penalty, as an estimator of scikit-learn."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator
from sklearn.utils.validation import check_is_fitted, validate_data
from sksurv.linear_model import CoxnetSurvivalAnalysis

from tasks.modelling.rows import Floats


class LassoCox(BaseEstimator):  # type: ignore[misc]
    """Coefficients at the end of a warm path from the null model to `alpha_fraction` × its alpha.

    coef_: (p,). Raises ArithmeticError if the weights explode (penalty too small), ValueError if no event was seen.
    """

    coef_: Floats

    def __init__(self, alpha_fraction: float = 0.25, steps: int = 10) -> None:
        self.alpha_fraction = alpha_fraction
        self.steps = steps

    def fit(self, X: NDArray[Any], y: NDArray[Any]) -> LassoCox:
        X = validate_data(self, X, dtype=np.float64)
        path = CoxnetSurvivalAnalysis(l1_ratio=1.0, n_alphas=self.steps, alpha_min_ratio=self.alpha_fraction)
        self.coef_ = path.fit(X, y).coef_[:, -1].copy()
        if not np.isfinite(self.coef_).all():
            raise ArithmeticError("LASSO-Cox gave coefficients that are not finite")
        return self

    def predict(self, X: NDArray[Any]) -> Floats:
        """Log hazard ratio against a case at the columns' zero, (n,)."""
        check_is_fitted(self)
        scores: Floats = validate_data(self, X, dtype=np.float64, reset=False) @ self.coef_
        return scores
