"""Kernels of two tables of cases. Numbers are added in one order on every processor, which matrix products (BLAS) are not."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from features.core.compiled import njit
from features.core.portable import exp

Floats = NDArray[np.float64]


def linear(X: Floats, Z: Floats) -> Floats:
    """Products of all rows of X, (n, p), with all rows of Z, (m, p): (n, m)."""
    found: Floats = _products(np.ascontiguousarray(X, np.float64), np.ascontiguousarray(Z.T, np.float64))
    return found


def rbf(X: Floats, Z: Floats, gamma: float) -> Floats:
    """exp(−gamma × squared distance) of all rows of X, (n, p), to all rows of Z, (m, p): (n, m)."""
    apart = (X * X).sum(axis=1)[:, None] + (Z * Z).sum(axis=1) - 2.0 * linear(X, Z)
    return exp(-gamma * np.maximum(apart, 0.0))


@njit(cache=True)
def _products(X: Floats, columns: Floats) -> Floats:
    """X, (n, p), times columns, (p, m)."""
    found = np.zeros((len(X), columns.shape[1]))
    for i in range(len(X)):
        for k in range(len(columns)):
            for j in range(columns.shape[1]):
                found[i, j] += X[i, k] * columns[k, j]
    return found
