"""The pipeline that every model stands at the end of: drop constant → impute → scale → screen → model."""

from __future__ import annotations

from typing import Any

from sklearn.impute import SimpleImputer
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler

from features.core.kinds.endpoint import Endpoint, Predicted
from features.core.outcome import Outcome
from tasks.modelling.models.model import Model
from tasks.modelling.selection.constant import DropConstant
from tasks.modelling.selection.screening import Screening


def prefix_steps() -> list[tuple[str, Any]]:
    """Unfitted steps that know nothing of the outcome. Dropping comes first: imputation never meets an empty column."""
    return [("drop", DropConstant()), ("impute", SimpleImputer(strategy="median")), ("scale", StandardScaler())]


def fit_pipeline(model: Model, endpoint: Endpoint, X: Any, outcome: Outcome, seed: int, **candidate: Any) -> Pipeline:
    """A fitted pipeline, with the settings of one candidate (`k` is the screening's, the rest the model's).

    X: (n, p) floats with NaN. Raises FitError if no column varies.
    """
    steps = prefix_steps()
    for _, step in steps:
        X = step.fit_transform(X)
    screen = Screening(endpoint, k=candidate.get("k", model.k[0])).fit(X, outcome)
    estimator = final_estimator(model, endpoint.predicted, seed, **candidate)
    estimator.fit(screen.transform(X), endpoint.target(outcome))
    return Pipeline([*steps, ("screen", screen), ("model", estimator)])


def final_estimator(model: Model, predicted: Predicted, seed: int, **candidate: Any) -> Any:
    """The unfitted estimator of one candidate, without the steps before it; `k` is left to the screening."""
    estimator = model.estimator(seed, predicted)
    known = estimator.get_params()
    settings = {name: value for name, value in candidate.items() if name != "k"}
    return estimator.set_params(
        **{name if name in known else f"estimator__{name}": value for name, value in settings.items()}
    )


def selected_features(pipeline: Pipeline, model: Model) -> dict[str, float]:
    """Columns that the fitted model uses, with their weights: a weight of 0 is left out, NaN means it has none."""
    names = pipeline["screen"].get_feature_names_out(pipeline["drop"].get_feature_names_out())
    weights = model.weights(pipeline["model"])
    return {str(name): float(weight) for name, weight in zip(names, weights, strict=True) if weight != 0}
