"""Kernels of two tables of cases. Numbers are added in one order on every processor, which matrix products (BLAS) are not."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
FEW = 4096  # products that numpy computes before numba is imported


def linear(X: Floats, Z: Floats) -> Floats:
    """Products of all rows of X, (n, p), with all rows of Z, (m, p): (n, m)."""
    left, columns = np.ascontiguousarray(X, np.float64), np.ascontiguousarray(Z.T, np.float64)
    if len(left) * columns.shape[1] > FEW:
        from tasks.modelling.solvers.products import products

        compiled: Floats = products(left, columns)
        return compiled
    found = np.zeros((len(left), columns.shape[1]))
    for k in range(
        len(columns)
    ):  # as the compiled one adds them, to the bit, for those who would wait longer for numba
        found += left[:, k, None] * columns[k]
    return found


def rbf(X: Floats, Z: Floats, gamma: float) -> Floats:
    """exp(−gamma × squared distance) of all rows of X, (n, p), to all rows of Z, (m, p): (n, m)."""
    from features.core.portable import exp

    apart = (X * X).sum(axis=1)[:, None] + (Z * Z).sum(axis=1) - 2.0 * linear(X, Z)
    return exp(-gamma * np.maximum(apart, 0.0))
