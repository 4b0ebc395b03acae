"""quantiles_of: quantiles of each column, missing values left out."""

from __future__ import annotations

import numpy as np

from features.core.errors import FitError
from tasks.modelling.rows import Floats, Rows


def quantiles_of(X: Floats, shares: Floats) -> Floats:
    """Of columns (n, p) at shares (k,) from 0 to 1, linear between values: (k, p); NaN for a column without any value.

    >>> quantiles_of(np.array([[1.0], [np.nan], [3.0]]), np.array([0.0, 0.5])).ravel().tolist()
    [1.0, 2.0]
    """
    ordered = np.sort(X, axis=0)  # missing values come last
    known = len(X) - np.isnan(ordered).sum(axis=0)
    place = shares[:, None] * np.maximum(known - 1, 0)
    below = np.floor(place).astype(np.intp)
    column = np.arange(X.shape[1])
    low, high = ordered[below, column], ordered[np.minimum(below + 1, np.maximum(known - 1, 0)), column]
    part = place - below
    with np.errstate(invalid="ignore"):  # of infinite values
        return np.asarray(np.where(low == high, low, low * (1.0 - part) + high * part))


def known_quantiles(kind: str, rows: Rows, shares: Floats) -> Floats:
    """As quantiles_of. Raises FitError for a column without any value, and where a quantile is infinite."""
    found = quantiles_of(rows.X, shares)
    wrong = ~np.isfinite(found).all(axis=0)
    if wrong.any():
        names = ", ".join(rows.columns.names[wrong][:3])
        raise FitError(f"{kind}: columns without any training value, or with infinite ones, for example {names}")
    return found
