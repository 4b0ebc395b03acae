"""LassoRegression: least squares with an L1 penalty that is given as a fraction of the largest useful one."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, RegressorMixin
from sklearn.linear_model import Lasso
from sklearn.utils.validation import check_is_fitted, validate_data

from tasks.modelling.rows import Floats


class LassoRegression(RegressorMixin, BaseEstimator):  # type: ignore[misc]
    """scikit-learn's Lasso, whose penalty does not depend on the unit of the outcome. coef_: (p,). intercept_: a number."""

    coef_: Floats
    intercept_: float

    def __init__(self, alpha_fraction: float = 0.25) -> None:
        self.alpha_fraction = alpha_fraction

    def fit(self, X: NDArray[Any], y: NDArray[Any]) -> LassoRegression:
        X = validate_data(self, X, dtype=np.float64)
        largest = float(np.abs((X - X.mean(axis=0)).T @ (y - y.mean())).max()) / len(y)
        scale = float(np.std(y)) or 1.0  # so that the tolerance means the same in every unit
        found = Lasso(alpha=max(self.alpha_fraction * largest / scale, 1e-12), max_iter=10_000).fit(X, y / scale)
        self.coef_, self.intercept_ = found.coef_ * scale, float(found.intercept_) * scale
        return self

    def predict(self, X: NDArray[Any]) -> Floats:
        """The number of each case, (n,), in the unit of y."""
        check_is_fitted(self)
        value: Floats = validate_data(self, X, dtype=np.float64, reset=False) @ self.coef_ + self.intercept_
        return value
