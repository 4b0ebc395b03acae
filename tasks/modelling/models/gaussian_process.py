"""Gaussian process."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

import numpy as np
from pydantic import Field, NonNegativeInt

from features.core.kinds.endpoint import Predicted
from tasks.modelling.answers import among_levels, codes, is_finite, of_probability
from tasks.modelling.models.model import CLEANED, FittedModel, Model, Settings
from tasks.modelling.prediction import Prediction
from tasks.modelling.rows import Floats, Rows
from tasks.modelling.target import Target


class GaussianProcess(Model):
    """Gaussian process of scikit-learn with an RBF kernel, whose height and length (and noise, of a number) are fitted.

    These maximise the marginal likelihood of the training cases, so that no inner fold is needed. The score is the latent value
    (Laplace's approximation); of several classes each is asked against the rest. Columns have no weights.
    Rasmussen & Williams, Gaussian Processes for Machine Learning, MIT Press 2006.
    """

    kind: Literal["gaussian_process"] = "gaussian_process"
    endpoints: ClassVar[frozenset[str]] = frozenset({"binary", "multiclass", "ordinal", "continuous"})
    steps: ClassVar[tuple[Settings, ...]] = (*CLEANED, {"kind": "screen", "k": (30,)})
    restarts: NonNegativeInt = Field(0, title="Restarts", description="further random starts of the search")

    def fit(self, rows: Rows, target: Target, seed: int) -> FittedGaussianProcess:
        """Raises ValueError where all cases are of one class."""
        from sklearn.exceptions import ConvergenceWarning
        from sklearn.gaussian_process import GaussianProcessClassifier, GaussianProcessRegressor
        from sklearn.gaussian_process.kernels import RBF, ConstantKernel, WhiteKernel

        predicted = target.endpoint.predicted
        X = is_finite(rows.X, self.kind)
        length = float(np.sqrt(X.shape[1]))  # about the distance of two cases
        kernel = ConstantKernel(1.0, (1e-3, 1e3)) * RBF(length, (0.05 * length, 100 * length))
        search = {"n_restarts_optimizer": self.restarts, "random_state": seed}
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always", ConvergenceWarning)
            if predicted == "value":
                noisy = kernel + WhiteKernel(1.0, (1e-3, 1e3))
                y = np.asarray(target.y, np.float64)
                fitted: Any = GaussianProcessRegressor(noisy, normalize_y=True, **search).fit(X, y)
            else:
                fitted = GaussianProcessClassifier(kernel, **search).fit(X, codes(target, self.kind))
        for one in (
            caught
        ):  # a value at the edge of its bounds says that the columns tell nothing, or a line: that is no fault
            if not issubclass(one.category, ConvergenceWarning):
                warnings.warn(one.message, one.category, stacklevel=2)
            elif "lbfgs failed" in str(one.message):
                told = f"{self.kind}: no optimum of its kernel from {1 + self.restarts} starts: name more restarts"
                warnings.warn(told, UserWarning, stacklevel=2)
        return FittedGaussianProcess(fitted, predicted, 0 if predicted == "value" else max(2, target.levels))


@dataclass(frozen=True, eq=False)
class FittedGaussianProcess(FittedModel):
    """fitted: of scikit-learn."""

    fitted: Any
    predicted: Predicted
    levels: int

    def predict(self, rows: Rows) -> Prediction:
        X = is_finite(rows.X, "gaussian_process")
        if self.predicted == "value":
            value = np.asarray(self.fitted.predict(X), np.float64)
            return Prediction(risk=value, value=value)
        if self.predicted == "risk":
            return Prediction(risk=self.fitted.latent_mean_and_variance(X)[0])
        likely = np.asarray(self.fitted.predict_proba(X), np.float64)
        return of_probability(among_levels(likely, self.fitted.classes_, self.levels), self.predicted)

    def importance(self) -> Floats:
        return np.full(self.fitted.n_features_in_, np.nan)

    def state(self) -> dict[str, Any]:
        if self.predicted == "value":
            return {"kernel": self.fitted.kernel_.theta, "dual": self.fitted.alpha_, "X": self.fitted.X_train_}
        whole = self.fitted.base_estimator_
        parts = getattr(whole, "estimators_", [whole])
        return {
            "kernel": [one.kernel_.theta for one in parts],
            "likely": [one.pi_ for one in parts],
            "y": [one.y_train_ for one in parts],
            "X": parts[0].X_train_,
        }
