"""Prediction: what a fitted model says of cases, whatever the model and the endpoint."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from features.core.kinds.endpoint import Endpoint

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Prediction:
    """Of n cases.

    risk: (n,) an order of the cases, higher is likelier positive, an earlier event, a higher rank or value; None of classes and
    of labels. probability: (n, classes) or (n, labels), None where the model gives none. value: (n,) of a number.
    """

    risk: Floats | None = None
    probability: Floats | None = None
    value: Floats | None = None

    def __len__(self) -> int:
        given = next(part for part in (self.risk, self.probability, self.value) if part is not None)
        return len(given)

    def take(self, rows: NDArray[np.intp]) -> Prediction:
        """The prediction of some of these cases, by position."""
        return Prediction(*(None if p is None else p[rows] for p in (self.risk, self.probability, self.value)))

    @property
    def level(self) -> NDArray[np.intp]:
        """The predicted rank of each case, (n,): the first at which half of the probability is reached."""
        assert self.probability is not None
        return np.asarray((self.probability.cumsum(axis=1) < 0.5 - 1e-12).sum(axis=1), dtype=np.intp)


def predict(estimator: Any, X: Any, endpoint: Endpoint, levels: int) -> Prediction:
    """What a fitted estimator, or a pipeline, says of cases. levels: how many classes, ranks or labels the outcome has.

    Ranks are ordered by their expected value. Raises ArithmeticError if the model gives what is not finite.
    """
    if endpoint.predicted == "risk":
        return Prediction(risk=risk_score(estimator, X))
    if endpoint.predicted == "value":
        value = _finite(estimator.predict(X)).reshape(-1)
        return Prediction(risk=value, value=value)
    if endpoint.predicted == "labels":
        return Prediction(probability=_of_labels(estimator, X))
    probability = np.zeros((len(X), levels))
    probability[:, estimator.classes_] = _finite(estimator.predict_proba(X))
    if endpoint.predicted == "ranks":
        return Prediction(risk=probability @ np.arange(levels, dtype=np.float64), probability=probability)
    return Prediction(probability=probability)


def risk_score(estimator: Any, X: Any) -> Floats:
    """Scores of a fitted pipeline or final estimator, (n,): higher is likelier positive, or an earlier event."""
    if hasattr(estimator, "decision_function"):
        scores = estimator.decision_function(X)
    elif hasattr(estimator, "predict_proba"):
        scores = estimator.predict_proba(X)[:, 1]
    else:
        scores = estimator.predict(X)
    return _finite(scores).reshape(-1)


def _of_labels(estimator: Any, X: Any) -> Floats:
    """Probabilities of labels, (n, labels): forests give a table for each, of the answers, 0 or 1, that they were fitted to."""
    given = estimator.predict_proba(X)
    if isinstance(given, np.ndarray):
        return _finite(given)
    return _finite(np.column_stack([one @ answers for one, answers in zip(given, estimator.classes_, strict=True)]))


def _finite(values: Any) -> Floats:
    found: Floats = np.asarray(values, dtype=np.float64)
    if not np.isfinite(found).all():
        raise ArithmeticError("the model gave scores that are not finite")
    return found
