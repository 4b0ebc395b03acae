"""DropConstant: leaves out columns that say nothing in the training rows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils.validation import check_is_fitted, validate_data

from features.core.errors import FitError


class DropConstant(TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """Drops columns that are all missing, constant (missing values aside) or equal to an earlier column.

    Runs before imputation, so that a column without any training value is dropped and not invented; equal means
    equal values and the same missing cells. X: (n, p) float, NaN allowed, infinite values refused (ValueError).
    kept_: positions of the kept columns. missing_, constant_, duplicated_: positions of the dropped ones.
    Raises FitError if no column is left.
    """

    kept_: NDArray[np.intp]
    missing_: NDArray[np.intp]
    constant_: NDArray[np.intp]
    duplicated_: NDArray[np.intp]

    def fit(self, X: Any, y: Any = None) -> DropConstant:  # noqa: ARG002 (scikit-learn API)
        X = validate_data(self, X, dtype=np.float64, ensure_all_finite="allow-nan")
        lowest, highest = np.fmin.reduce(X, axis=0), np.fmax.reduce(X, axis=0)
        missing, constant = np.isnan(lowest), lowest == highest
        duplicated = _duplicated(X) & ~missing & ~constant
        self.missing_, self.constant_ = np.flatnonzero(missing), np.flatnonzero(constant)
        self.duplicated_ = np.flatnonzero(duplicated)
        self.kept_ = np.flatnonzero(~(missing | constant | duplicated))
        if not len(self.kept_):
            raise FitError(f"none of {X.shape[1]} columns varies within the {X.shape[0]} training cases")
        return self

    def transform(self, X: Any) -> NDArray[np.float64]:
        check_is_fitted(self)
        X = validate_data(self, X, dtype=np.float64, ensure_all_finite="allow-nan", reset=False)
        kept: NDArray[np.float64] = X[:, self.kept_]
        return kept

    def named(self, columns: Sequence[str]) -> DropConstant:
        """Fitted on an array, now with the names of its columns: tables in another order will be refused."""
        check_is_fitted(self)
        self.feature_names_in_ = np.asarray(columns, dtype=object)
        return self

    def get_feature_names_out(self, input_features: Sequence[str] | None = None) -> NDArray[np.object_]:
        """Names of the kept columns, of the names given here or seen in fit."""
        names = getattr(self, "feature_names_in_", None) if input_features is None else input_features
        if names is None:
            names = [f"x{i}" for i in range(self.n_features_in_)]
        return np.asarray(names, dtype=object)[self.kept_]


def _duplicated(X: NDArray[np.float64]) -> NDArray[np.bool_]:
    """True for columns that are byte for byte equal to an earlier one, (p,); -0.0 is 0.0 and every NaN is one NaN."""
    rows = np.ascontiguousarray(np.where(np.isnan(X), np.nan, X + 0.0).T)
    seen: set[bytes] = set()
    found = np.zeros(len(rows), dtype=bool)
    for i, row in enumerate(rows):
        key = row.tobytes()
        found[i] = key in seen
        seen.add(key)
    return found
