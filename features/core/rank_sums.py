"""Sums of ranks of some rows, column by column, ties averaged."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from features.core.compiled import njit


def rank_sums(X: NDArray[np.float64], chosen: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Of each column of X, (n, p) finite, the sum of the ranks (from 1) of the chosen rows, (p,)."""
    rows = np.ascontiguousarray(X.T)
    found: NDArray[np.float64] = _sums(rows, np.argsort(rows, axis=1), chosen)
    return found


@njit(cache=True)
def _sums(rows: NDArray[np.float64], order: NDArray[np.intp], chosen: NDArray[np.bool_]) -> NDArray[np.float64]:
    """rows: (p, n). order: (p, n) that sorts each of them. Half ranks are added, which no order of adding rounds."""
    p, n = rows.shape
    found = np.empty(p)
    for c in range(p):
        values, places = rows[c], order[c]
        total, i = 0.0, 0
        while i < n:
            j, alike = i, 0
            while j < n and values[places[j]] == values[places[i]]:
                alike += chosen[places[j]]
                j += 1
            total += alike * 0.5 * (i + 1 + j)
            i = j
        found[c] = total
    return found
