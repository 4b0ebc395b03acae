"""Answers: what was seen of training cases as numbers that estimators are fitted to, and their numbers as a prediction again."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from features.core.kinds.endpoint import Predicted
from tasks.modelling.prediction import Prediction
from tasks.modelling.rows import Floats
from tasks.modelling.target import Target


def indicators(target: Target) -> Floats:
    """0 and 1 of the flag, of each class or rank, or of each label; or the number itself: (n, m)."""
    wanted = np.asarray(target.y)
    if target.endpoint.predicted in ("classes", "ranks"):
        wanted = np.eye(target.levels)[wanted]
    return wanted.astype(np.float64).reshape(len(target), -1)


def of_indicators(told: Floats, predicted: Predicted) -> Prediction:
    """The prediction that means of indicators, (n, m), are."""
    if predicted == "risk":
        return Prediction(risk=told[:, 0])
    if predicted == "value":
        return Prediction(risk=told[:, 0], value=told[:, 0])
    return of_probability(told, predicted)


def of_probability(probability: Floats, predicted: Predicted) -> Prediction:
    """Of probabilities of classes, ranks or labels, (n, m); the risk of ranks is the expected one."""
    risk = (probability * np.arange(probability.shape[1])).sum(axis=1) if predicted == "ranks" else None
    return Prediction(risk=risk, probability=probability)


def codes(target: Target, kind: str) -> NDArray[np.intp]:
    """The class or rank of each case, (n,); of a flag 0 or 1. Raises ValueError where all cases have the same."""
    found = np.asarray(target.y).astype(np.intp)
    if len(np.unique(found)) < 2:
        told = target.endpoint.counted(target.outcome)
        raise ValueError(f"{kind}: needs training cases of two classes; found {len(found)} cases, {told}")
    return found


def among_levels(likely: Floats, seen: NDArray[np.intp], levels: int) -> Floats:
    """Probabilities of the classes that training had, (n, seen), among those of all, (n, levels): of others 0."""
    found = np.zeros((len(likely), levels))
    found[:, seen] = likely
    return found


def softmax(scores: Floats) -> Floats:
    """Probabilities of log odds, (n, classes); rows sum to 1."""
    found = np.exp(scores - scores.max(axis=1, keepdims=True))
    return np.asarray(found / found.sum(axis=1, keepdims=True))


def is_finite(values: Floats, kind: str) -> Floats:
    """The values. Raises ArithmeticError if one of them is not finite."""
    if not np.isfinite(values).all():
        raise ArithmeticError(f"{kind}: {int((~np.isfinite(values)).sum())} of {values.size} values are not finite")
    return values
