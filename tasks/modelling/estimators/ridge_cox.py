"""RidgeCox: Cox regression with a small ridge penalty, as an estimator of scikit-learn."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from lifelines import CoxPHFitter
from numpy.typing import NDArray
from sklearn.base import BaseEstimator
from sklearn.utils.validation import check_is_fitted, validate_data

from features.core.errors import FitError
from tasks.modelling.rows import Floats


class RidgeCox(BaseEstimator):  # type: ignore[misc]
    """lifelines' CoxPHFitter (Efron ties) as a scikit-learn estimator; only its coefficients are kept.

    coef_: (p,). Raises FitError if there are more columns than one per ten events, lifelines' ConvergenceError (a
    ValueError) if Newton's method fails.
    """

    coef_: Floats

    def __init__(self, penalizer: float = 0.05) -> None:
        self.penalizer = penalizer

    def fit(self, X: NDArray[Any], y: NDArray[Any]) -> RidgeCox:
        X = validate_data(self, X, dtype=np.float64)
        events, most = int(y["event"].sum()), max(1, int(y["event"].sum()) // 10)
        if X.shape[1] > most:
            raise FitError(f"Cox regression: {X.shape[1]} features for {events} events; allowed: at most {most}")
        frame = pd.DataFrame(X, columns=[f"x{i}" for i in range(X.shape[1])])
        frame["time"], frame["event"] = y["time"], y["event"]
        fitter = CoxPHFitter(penalizer=self.penalizer).fit(frame, "time", "event")
        self.coef_ = fitter.params_.to_numpy(dtype=np.float64).copy()
        if not np.isfinite(self.coef_).all():
            raise ArithmeticError("Cox regression gave coefficients that are not finite")
        return self

    def predict(self, X: NDArray[Any]) -> Floats:
        """Log hazard ratio against a case at the columns' zero, (n,)."""
        check_is_fitted(self)
        scores: Floats = validate_data(self, X, dtype=np.float64, reset=False) @ self.coef_
        return scores
