"""Products of two tables of cases, compiled."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from features.core.compiled import njit

Floats = NDArray[np.float64]


@njit(cache=True)
def products(X: Floats, columns: Floats) -> Floats:
    """X, (n, p), times columns, (p, m), added in the order of the columns."""
    found = np.zeros((len(X), columns.shape[1]))
    for i in range(len(X)):
        for k in range(len(columns)):
            for j in range(columns.shape[1]):
                found[i, j] += X[i, k] * columns[k, j]
    return found
