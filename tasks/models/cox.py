"""Cox regression on a handful of features."""

from __future__ import annotations

from typing import Any, ClassVar, Literal

import numpy as np
import pandas as pd
from lifelines import CoxPHFitter
from numpy.typing import NDArray
from pydantic import Field, PositiveFloat, PositiveInt
from sklearn.base import BaseEstimator
from sklearn.utils.validation import check_is_fitted, validate_data

from features.core.errors import FitError
from tasks.models.model import Floats, Model, Task, features_kept


class Cox(Model):
    """Cox regression with a small ridge penalty (lifelines), one feature per ten training events and at most five.

    One candidate by default: as many features as the events allow. The score is the log hazard ratio.
    Cox, J R Stat Soc B 1972;34:187; Peduzzi et al., J Clin Epidemiol 1995;48:1503.
    """

    kind: Literal["cox"] = "cox"
    task: ClassVar[Task] = "survival"
    events_per_feature: ClassVar[int] = 10
    k: tuple[PositiveInt, ...] = features_kept(5)
    penalizer: tuple[PositiveFloat, ...] = Field(
        (0.05,), min_length=1, title="Penalty", description="strength of the ridge penalty; inner folds choose"
    )

    def estimator(self, seed: int) -> RidgeCox:  # noqa: ARG002 (nothing random in it)
        return RidgeCox(penalizer=self.penalizer[0])

    def settings(self) -> dict[str, list[Any]]:
        return {"penalizer": list(self.penalizer)}

    def weights(self, estimator: RidgeCox) -> Floats:
        return estimator.coef_

    def most_features(self, events: int) -> int:
        return min(5, super().most_features(events))


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
