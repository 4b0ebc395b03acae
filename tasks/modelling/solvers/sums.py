"""Products of columns of cases, for loops that are compiled. Numbers are added in one order on every processor.

Sums run over cases, so that each of many columns has its own and vectors hold columns: as fast as BLAS, whose order is the
processor's.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from features.core.compiled import njit

Floats = NDArray[np.float64]


@njit(cache=True)
def products(A: Floats, first: int, size: int, G: Floats) -> None:
    """Writes the products of columns `first` to `size` of A, (n, ≥ size), with all columns before `size` into G, symmetric."""
    n = len(A)
    whole = n - n % 4
    for c in range(first, size):
        G[c, : c + 1] = 0.0
    for i in range(0, whole, 4):
        x0, x1, x2, x3 = A[i], A[i + 1], A[i + 2], A[i + 3]
        for c in range(first, size):
            a0, a1, a2, a3, row = x0[c], x1[c], x2[c], x3[c], G[c]
            for e in range(c + 1):
                row[e] = (((row[e] + a0 * x0[e]) + a1 * x1[e]) + a2 * x2[e]) + a3 * x3[e]
    for i in range(whole, n):
        x0 = A[i]
        for c in range(first, size):
            a0, row = x0[c], G[c]
            for e in range(c + 1):
                row[e] += a0 * x0[e]
    for c in range(first, size):
        for e in range(c):
            G[e, c] = G[c, e]


@njit(cache=True)
def by_column(X: Floats, r: Floats, g: Floats) -> None:
    """Writes the product of each column of X, (n, p), with r, (n,), into g, (p,)."""
    n, p = X.shape
    whole = n - n % 4
    g[:] = 0.0
    for i in range(0, whole, 4):
        x0, x1, x2, x3 = X[i], X[i + 1], X[i + 2], X[i + 3]
        r0, r1, r2, r3 = r[i], r[i + 1], r[i + 2], r[i + 3]
        for j in range(p):
            g[j] = (((g[j] + r0 * x0[j]) + r1 * x1[j]) + r2 * x2[j]) + r3 * x3[j]
    for i in range(whole, n):
        x0, r0 = X[i], r[i]
        for j in range(p):
            g[j] += r0 * x0[j]


@njit(cache=True)
def product(x: Floats, r: Floats) -> float:
    """Of two columns, (n,), in eight sums."""
    n = len(x)
    whole = n - n % 8
    a0 = a1 = a2 = a3 = a4 = a5 = a6 = a7 = 0.0
    for i in range(0, whole, 8):
        a0 += x[i] * r[i]
        a1 += x[i + 1] * r[i + 1]
        a2 += x[i + 2] * r[i + 2]
        a3 += x[i + 3] * r[i + 3]
        a4 += x[i + 4] * r[i + 4]
        a5 += x[i + 5] * r[i + 5]
        a6 += x[i + 6] * r[i + 6]
        a7 += x[i + 7] * r[i + 7]
    total = ((a0 + a1) + (a2 + a3)) + ((a4 + a5) + (a6 + a7))
    for i in range(whole, n):
        total += x[i] * r[i]
    return total
