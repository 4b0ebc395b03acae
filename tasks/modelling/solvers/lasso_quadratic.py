"""A small quadratic with an L1 penalty: what a step of a LASSO path minimises. Compiled loops, called by those of the paths."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from features.core.compiled import njit
from tasks.modelling.solvers.sums import product

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

MOST_PASSES = 1000
FLAT = 1e-9  # a pivot below this share of its diagonal: the column depends on those before, and the step bends towards zero
NEAR = 1e-6  # below this share rounding may have left less in a pivot than its row needs


@njit(cache=True)
def solve_quadratic(G: Floats, u: Floats, b: Floats, d: Floats, size: int, penalty: float, enough: float) -> Any:
    """Changes b by d so that d'Gd/2 − u'd + penalty × |b + d|₁ is least, where no condition is violated by more than enough.

    G: positive semidefinite. b: (size,) where it starts; then b + d. u: the falling gradient; afterwards u − Gd. Only the first
    `size` rows and columns count. Passes over the coordinates find which of them are not zero; where passes are slow, Newton
    steps on these go to their joint minimum, or to where the first of them is zero. Ends after 1,000 passes in any case.
    """
    R, step, support = np.empty((0, 0)), np.empty(0), np.empty(0, np.int64)
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
            if not len(R):
                R, step, support = np.empty((size, size)), np.empty(size), np.empty(size, np.int64)
            for _ in range(size + 1):
                if _to_minimum(G, u, b, d, size, penalty, R, step, support):
                    break
        before = largest


@njit(cache=True)
def violation(u: Floats, b: Floats, size: int, penalty: float) -> float:
    """How far the falling gradient u is from what the penalty allows: ±penalty where b is not zero, at most that elsewhere.

    Infinite where a gradient is no number.
    """
    worst = 0.0
    for j in range(size):
        if math.isnan(u[j]):
            return np.inf
        if b[j] > 0.0:
            worst = max(worst, abs(u[j] - penalty))
        elif b[j] < 0.0:
            worst = max(worst, abs(u[j] + penalty))
        else:
            worst = max(worst, abs(u[j]) - penalty)
    return worst


@njit(cache=True)
def _to_minimum(
    G: Floats, u: Floats, b: Floats, d: Floats, size: int, penalty: float, R: Floats, step: Floats, support: Ints
) -> bool:
    """A Newton step on the coefficients that are not zero, up to the first that turns zero; whether none of them did.

    R: the upper Cholesky factor, with the inverse of its diagonal. A small pivot is raised until no value of its row exceeds the
    root of the largest diagonal, else rounding grows without bound where many columns depend on each other (Gill, Murray &
    Wright, Practical Optimization 1981, section 4.4.2.2). The factor is that of more curvature, so that steps still descend.
    """
    m = 0
    for j in range(size):
        if b[j] != 0.0 and G[j, j] > 0.0:
            support[m] = j
            m += 1
    for a in range(m):
        row, own = R[a], G[support[a]]
        for c in range(a, m):
            row[c] = own[support[c]]
        step[a] = u[support[a]] - (penalty if b[support[a]] > 0.0 else -penalty)
    steepest = 0.0
    for a in range(m):
        steepest = max(steepest, R[a, a])
    for start in range(0, m, 4):  # four rows at a time, taken from all below at once
        stop = min(start + 4, m)
        for a in range(start, stop):
            row, own_curve = R[a], G[support[a], support[a]]
            pivot = max(row[a], FLAT * own_curve)
            if row[a] < NEAR * own_curve:
                for c in range(a + 1, m):
                    pivot = max(pivot, row[c] / steepest * row[c])
            root = 1.0 / math.sqrt(pivot)
            for c in range(a, m):
                row[c] *= root
            row[a] = root
            step[a] *= root
            for e in range(a + 1, stop):
                below, value = R[e], row[e]
                for c in range(e, m):
                    below[c] -= value * row[c]
                step[e] -= value * step[a]
        if stop < m:
            r0, r1, r2, r3 = R[start], R[start + 1], R[start + 2], R[start + 3]
            for e in range(stop, m):
                below, v0, v1, v2, v3 = R[e], r0[e], r1[e], r2[e], r3[e]
                for c in range(e, m):
                    below[c] = (((below[c] - v0 * r0[c]) - v1 * r1[c]) - v2 * r2[c]) - v3 * r3[c]
                for a in range(start, stop):
                    step[e] -= R[a, e] * step[a]
    for a in range(m - 1, -1, -1):
        row = R[a]
        step[a] = (step[a] - product(row[a + 1 : m], step[a + 1 : m])) * row[a]
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
