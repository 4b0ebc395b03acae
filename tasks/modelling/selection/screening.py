"""Screening: keeps the columns that are most associated with the outcome in the training rows."""

from __future__ import annotations

from collections.abc import Sequence
from copy import copy
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from scipy.stats import rankdata
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils.validation import check_is_fitted, validate_data

Floats = NDArray[np.float64]


class Screening(TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """Keeps the k columns of highest association: |AUC − 0.5|, or |z| of a univariate Cox score test.

    X: (n, p) finite floats. y: bool (n,) or structured (event, time) (n,). Ties in association take the earlier column.
    scores_: (p,). ranking_: positions, best first. kept_: positions of the kept columns, ascending; all if k ≥ p.
    Fan & Lv, J R Stat Soc B 2008;70:849 (sure independence screening).
    """

    scores_: Floats
    ranking_: NDArray[np.intp]
    kept_: NDArray[np.intp]

    def __init__(self, k: int = 10, task: Literal["binary", "survival"] = "binary") -> None:
        self.k = k
        self.task = task

    def fit(self, X: Any, y: NDArray[Any]) -> Screening:
        X = validate_data(self, X, dtype=np.float64)
        self.scores_ = auc_distance(X, y) if self.task == "binary" else cox_score_z(X, y["event"], y["time"])
        self.ranking_ = np.argsort(-self.scores_, kind="stable")
        self.kept_ = self.best(self.k)
        return self

    def with_k(self, k: int) -> Screening:
        """The same fitted screening with another k: nothing is fitted again."""
        check_is_fitted(self)
        other: Screening = copy(self)
        other.k, other.kept_ = k, self.best(k)
        return other

    def best(self, k: int) -> NDArray[np.intp]:
        """Positions of the k best columns, ascending."""
        return np.sort(self.ranking_[:k])

    def transform(self, X: Any) -> Floats:
        check_is_fitted(self)
        kept: Floats = validate_data(self, X, dtype=np.float64, reset=False)[:, self.kept_]
        return kept

    def get_feature_names_out(self, input_features: Sequence[str] | None = None) -> NDArray[np.object_]:
        """Names of the kept columns, of the names given here."""
        names = [f"x{i}" for i in range(self.n_features_in_)] if input_features is None else input_features
        return np.asarray(names, dtype=object)[self.kept_]


def auc_distance(X: Floats, y: NDArray[np.bool_]) -> Floats:
    """|AUC − 0.5| of each column against y, (p,), by ranks with ties averaged. Raises ValueError for one class."""
    positives, negatives = int(y.sum()), int((~y).sum())
    if not positives or not negatives:
        raise ValueError(f"screening needs both classes: {positives} positive and {negatives} negative cases")
    order = np.argsort(X, axis=0)
    ranks = np.empty(X.shape)
    np.put_along_axis(ranks, order, np.arange(1.0, len(X) + 1)[:, None], axis=0)
    values = np.take_along_axis(X, order, axis=0)
    tied = (values[1:] == values[:-1]).any(axis=0)
    if tied.any():
        ranks[:, tied] = rankdata(X[:, tied], axis=0)
    auc = (ranks[y].sum(axis=0) - positives * (positives + 1) / 2) / (positives * negatives)
    distance: Floats = np.abs(auc - 0.5)
    return distance


def cox_score_z(X: Floats, event: NDArray[np.bool_], time: Floats) -> Floats:
    """|z| of the score test of a univariate Cox model at zero, (p,), Breslow ties; 0 for a column without variance.

    Equals the log-rank z for a 0/1 column without tied event times. Raises ValueError if no event was seen.
    """
    if not event.any():
        raise ValueError("screening needs at least one event")
    order = np.argsort(-time, kind="stable")
    X, event, time = X[order] - X.mean(axis=0), event[order], time[order]
    last = np.searchsorted(-time, -time, side="right") - 1  # everybody still at risk, ties included
    at_risk = (last[event] + 1.0)[:, None]
    mean = np.cumsum(X, axis=0)[last[event]] / at_risk
    mean_square = np.cumsum(X * X, axis=0)[last[event]] / at_risk
    score = (X[event] - mean).sum(axis=0)
    variance = (mean_square - mean**2).sum(axis=0)
    safe = variance > 1e-12 * np.maximum(1.0, mean_square.sum(axis=0))
    z: Floats = np.where(safe, np.abs(score) / np.sqrt(np.where(safe, variance, 1.0)), 0.0)
    return z
