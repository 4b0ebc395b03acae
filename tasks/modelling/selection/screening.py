"""Screening: keeps the columns that are most associated with the outcome in the training rows."""

from __future__ import annotations

from collections.abc import Sequence
from copy import copy
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils.validation import check_is_fitted, validate_data

from features.core.association import association
from features.core.kinds.endpoint import Endpoint
from features.core.outcome import Outcome

Floats = NDArray[np.float64]


class Screening(TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """Keeps the k columns of highest association with the outcome, or with any of its contrasts.

    X: (n, p) finite floats. y: the outcome of these rows. Ties in association take the earlier column.
    scores_: (p,). ranking_: positions, best first. kept_: positions of the kept columns, ascending; all if k ≥ p.
    Fan & Lv, J R Stat Soc B 2008;70:849 (sure independence screening).
    """

    scores_: Floats
    ranking_: NDArray[np.intp]
    kept_: NDArray[np.intp]

    def __init__(self, endpoint: Endpoint, k: int = 10) -> None:
        self.endpoint = endpoint
        self.k = k

    def fit(self, X: Any, y: Outcome) -> Screening:
        X = validate_data(self, X, dtype=np.float64)
        contrasts = [one for one in self.endpoint.contrasts(y) if one.varies]
        if not contrasts:
            raise ValueError(f"screening needs an outcome that varies: {self.endpoint.counted(y)}")
        self.scores_ = np.max([association(X, contrast) for contrast in contrasts], axis=0)
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
