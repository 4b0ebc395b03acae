"""StepsUp: an ordinal outcome as one yes-or-no question for each step up."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, ClassifierMixin, clone
from sklearn.utils.validation import check_is_fitted, validate_data

Floats = NDArray[np.float64]


class StepsUp(ClassifierMixin, BaseEstimator):  # type: ignore[misc]
    """One classifier of "above this rank" for each rank but the last; ranks are the integers of y.

    classes_: ranks that were seen. estimators_: one for each step. Probabilities of being above, which two classifiers may give
    in the wrong order, are made to fall (the lower of each and those before). Frank & Hall, ECML 2001;2167:145.
    """

    classes_: NDArray[np.intp]
    estimators_: list[Any]

    def __init__(self, estimator: Any) -> None:
        self.estimator = estimator

    def fit(self, X: NDArray[Any], y: NDArray[Any]) -> StepsUp:
        X = validate_data(self, X, dtype=np.float64)
        self.classes_ = np.unique(y)
        self.estimators_ = [clone(self.estimator).fit(X, y > rank) for rank in self.classes_[:-1]]
        return self

    def predict_proba(self, X: NDArray[Any]) -> Floats:
        """Probability of each rank of `classes_`, (n, ranks); rows sum to 1."""
        check_is_fitted(self)
        X = validate_data(self, X, dtype=np.float64, reset=False)
        above = np.column_stack([one.predict_proba(X)[:, 1] for one in self.estimators_])
        above = np.minimum.accumulate(above, axis=1)
        edges = np.column_stack([np.ones(len(X)), above, np.zeros(len(X))])
        probability: Floats = edges[:, :-1] - edges[:, 1:]
        return probability

    def predict(self, X: NDArray[Any]) -> NDArray[np.intp]:
        """The median rank, (n,)."""
        above = 1 - self.predict_proba(X).cumsum(axis=1)
        return np.asarray(self.classes_[(above > 0.5).sum(axis=1)], dtype=np.intp)  # how often it steps up
