"""The pipeline that every model stands at the end of: drop constant → impute → scale → screen → model."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.impute import SimpleImputer
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler

from tasks.modelling.models.model import Model, Task
from tasks.modelling.selection.constant import DropConstant
from tasks.modelling.selection.screening import Screening


def prefix_steps() -> list[tuple[str, Any]]:
    """Unfitted steps that know nothing of the outcome. Dropping comes first: imputation never meets an empty column."""
    return [("drop", DropConstant()), ("impute", SimpleImputer(strategy="median")), ("scale", StandardScaler())]


def build_pipeline(model: Model, task: Task, seed: int, **candidate: Any) -> Pipeline:
    """An unfitted pipeline, with the settings of one candidate (`k` is the screening's, the rest the model's).

    X: (n, p) floats with NaN. Raises FitError in fit if no column varies.
    """
    screen = Screening(k=candidate.get("k", model.k[0]), task=task)
    return Pipeline([*prefix_steps(), ("screen", screen), ("model", final_estimator(model, seed, **candidate))])


def final_estimator(model: Model, seed: int, **candidate: Any) -> Any:
    """The unfitted estimator of one candidate, without the steps before it; `k` is left to the screening."""
    settings = {name: value for name, value in candidate.items() if name != "k"}
    return model.estimator(seed).set_params(**settings)


def risk_score(estimator: Any, X: Any) -> NDArray[np.float64]:
    """Scores of a fitted pipeline or final estimator, (n,): higher is likelier positive, or an earlier event."""
    if hasattr(estimator, "decision_function"):
        scores = estimator.decision_function(X)
    elif hasattr(estimator, "predict_proba"):
        scores = estimator.predict_proba(X)[:, 1]
    else:
        scores = estimator.predict(X)
    found: NDArray[np.float64] = np.asarray(scores, dtype=np.float64).reshape(-1)
    if not np.isfinite(found).all():
        raise ArithmeticError("the model gave scores that are not finite")
    return found


def selected_features(pipeline: Pipeline, model: Model) -> dict[str, float]:
    """Columns that the fitted model uses, with their weights: a weight of 0 is left out, NaN means it has none."""
    names = pipeline["screen"].get_feature_names_out(pipeline["drop"].get_feature_names_out())
    weights = model.weights(pipeline["model"])
    return {str(name): float(weight) for name, weight in zip(names, weights, strict=True) if weight != 0}
