"""Gaussian process."""

from __future__ import annotations

import warnings
from dataclasses import asdict, dataclass
from typing import Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, NonNegativeInt

from features.core.kinds.compared import Compared
from features.core.kinds.endpoint import Predicted
from tasks.modelling.answers import among_levels, codes, is_finite, of_probability
from tasks.modelling.models.model import CLEANED, FittedModel, Model, Settings
from tasks.modelling.prediction import Prediction
from tasks.modelling.rows import Floats, Rows
from tasks.modelling.solvers.latent_process import LatentProcess
from tasks.modelling.target import Target


class GaussianProcess(Model):
    """Gaussian process of scikit-learn with an RBF kernel, whose height and length (and noise, of a number) are fitted.

    These maximise the marginal likelihood of the training cases, so that no inner fold is needed. The score is the latent value
    (Laplace's approximation); of several classes each is asked against the rest. Columns have no weights.
    Rasmussen & Williams, Gaussian Processes for Machine Learning, MIT Press 2006.
    """

    kind: Literal["gaussian_process"] = "gaussian_process"
    compared: ClassVar[Compared] = Compared(
        "GaussianProcessClassifier of scikit-learn on WORC-Lipo", "1e-6", "contracts/test_model_peers.py"
    )
    endpoints: ClassVar[frozenset[str]] = frozenset({"binary", "multiclass", "ordinal", "continuous"})
    keeps_cases: ClassVar[bool] = True
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
        if predicted == "value":
            scale = float(fitted._y_train_mean), float(fitted._y_train_std)
            return FittedGaussianProcess((LatentProcess.of_number(fitted),), scale, np.empty(0, np.intp), 0, predicted)
        seen, levels = np.asarray(fitted.classes_, np.intp), max(2, target.levels)
        return FittedGaussianProcess(LatentProcess.of_classes(fitted), (0.0, 1.0), seen, levels, predicted)


@dataclass(frozen=True, eq=False)
class FittedGaussianProcess(FittedModel):
    """processes: one of a number and of two classes, else one of each class against the rest. scale: mean and spread of the
    numbers. seen: the classes or ranks that training had, of `levels`; none of a number.
    """

    processes: tuple[LatentProcess, ...]
    scale: tuple[float, float]
    seen: NDArray[np.intp]
    levels: int
    predicted: Predicted

    def predict(self, rows: Rows) -> Prediction:
        X = is_finite(rows.X, "gaussian_process")
        if self.predicted in ("value", "risk"):
            risk = self.scale[0] + self.scale[1] * self.processes[0].mean(X)
            return Prediction(risk=risk, value=risk if self.predicted == "value" else None)
        likely = np.column_stack([one.probability(X) for one in self.processes])
        if len(self.processes) == 1:
            likely = np.column_stack([1.0 - likely, likely])
        else:
            whole = likely.sum(axis=1, keepdims=True)
            likely = np.divide(likely, whole, out=likely, where=whole != 0)
        return of_probability(among_levels(likely, self.seen, self.levels), self.predicted)

    def importance(self) -> Floats:
        return np.full(self.processes[0].X.shape[1], np.nan)

    def state(self) -> dict[str, Any]:
        return {"processes": [asdict(one) for one in self.processes], "scale": self.scale, "seen": self.seen}
