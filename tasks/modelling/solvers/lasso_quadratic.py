"""A small quadratic with an L1 penalty: what a step of a LASSO path minimises. Compiled loops, called by those of the paths."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

REORDERED = {
    "reassoc",
    "contract",
    "nsz",
    "arcp",
}  # sums in any order, so that they run in vectors; NaN and ∞ stay what they are
MOST_PASSES = 1000
FLAT = 1e-9  # a pivot below this share of its diagonal: the column depends on those before, and the step bends towards zero


@njit(cache=True, fastmath=REORDERED)
def solve_quadratic(G: Floats, u: Floats, b: Floats, d: Floats, size: int, penalty: float, enough: float) -> Any:
    """Changes b by d so that d'Gd/2 − u'd + penalty × |b + d|₁ is least, where no condition is violated by more than enough.

    G: positive semidefinite. b: (size,) where it starts; then b + d. u: the falling gradient; afterwards u − Gd. Only the first
    `size` rows and columns count. Passes over the coordinates find which of them are not zero; where passes are slow, Newton
    steps on these go to their joint minimum, or to where the first of them is zero. Ends after 1,000 passes in any case.
    """
    L, step, support = np.empty((0, 0)), np.empty(0), np.empty(0, np.int64)
    d[:size] = 0.0
    before = np.inf
    for passes in range(1, MOST_PASSES + 1):
        largest, turned = 0.0, False
        for j in range(size):
            curve = G[j, j]
            if curve <= 0.0:
                continue
            old = b[j]
            goal = u[j] + curve * old
            new = 0.0
            if goal > penalty:
                new = (goal - penalty) / curve
            elif goal < -penalty:
                new = (goal + penalty) / curve
            if new != old:
                change = new - old
                turned |= old * new <= 0.0
                b[j] = new
                d[j] += change
                largest = max(largest, abs(change) * curve)
                row = G[j]
                for i in range(size):
                    u[i] -= change * row[i]
        if largest <= enough and violation(u, b, size, penalty) <= enough:
            return
        if (not turned and passes >= 3 and largest > 0.7 * before) or passes % 12 == 0:
            if not len(L):
                L, step, support = np.empty((size, size)), np.empty(size), np.empty(size, np.int64)
            for _ in range(size + 1):
                if _to_minimum(G, u, b, d, size, penalty, L, step, support):
                    break
        before = largest


@njit(cache=True, fastmath=REORDERED)
def violation(u: Floats, b: Floats, size: int, penalty: float) -> float:
    """How far the falling gradient u is from what the penalty allows: ±penalty where b is not zero, at most that elsewhere."""
    worst = 0.0
    for j in range(size):
        if b[j] > 0.0:
            worst = max(worst, abs(u[j] - penalty))
        elif b[j] < 0.0:
            worst = max(worst, abs(u[j] + penalty))
        else:
            worst = max(worst, abs(u[j]) - penalty)
    return worst


@njit(cache=True, fastmath=REORDERED)
def _to_minimum(
    G: Floats, u: Floats, b: Floats, d: Floats, size: int, penalty: float, L: Floats, step: Floats, support: Ints
) -> bool:
    """A Newton step on the coefficients that are not zero, up to the first that turns zero; whether none of them did.

    L: the Cholesky factor, with the inverse of its diagonal.
    """
    m = 0
    for j in range(size):
        if b[j] != 0.0 and G[j, j] > 0.0:
            support[m] = j
            m += 1
    for a in range(m):
        row, diagonal, value = L[a], G[support[a], support[a]], 0.0
        for c in range(a):
            other, product = L[c], 0.0
            for k in range(c):
                product += row[k] * other[k]
            row[c] = (G[support[a], support[c]] - product) * other[c]
        for k in range(a):
            value += row[k] * row[k]
        row[a] = 1.0 / math.sqrt(max(diagonal - value, FLAT * diagonal))
        value = 0.0
        for k in range(a):
            value += row[k] * step[k]
        slope = u[support[a]] - (penalty if b[support[a]] > 0.0 else -penalty)
        step[a] = (slope - value) * row[a]
    for a in range(m - 1, -1, -1):
        row = L[a]
        step[a] *= row[a]
        for k in range(a):
            step[k] -= step[a] * row[k]
    share, first = 1.0, -1
    for a in range(m):
        value = b[support[a]]
        if value * (value + step[a]) <= 0.0 and -value / step[a] < share:
            share, first = -value / step[a], a
    for a in range(m):
        j = support[a]
        change = share * step[a] if a != first else -b[j]
        b[j] = b[j] + change if a != first else 0.0
        d[j] += change
        row = G[j]
        for i in range(size):
            u[i] -= change * row[i]
    return first < 0
