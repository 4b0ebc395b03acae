"""The columns that a step of a LASSO path looks at: who enters, who leaves. Compiled loops, called by those of the paths."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from features.core.compiled import njit

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

FEWEST = 64  # so many columns may always enter at once
ALIKE = 1e-10  # columns whose products differ by less than this share may be equal
SAME = 1e-13  # and are if no value differs by more than this share


@njit(cache=True)
def enter(score: Floats, least: float, work: Ints, inside: Bools, size: int) -> int:
    """Columns outside whose score is above `least` enter, in their order; how many are inside then.

    work: the columns that are inside, (size,) of it. At most as many enter as are inside (or 64): those of the highest scores.
    """
    found = 0
    for j in range(len(score)):
        found += not inside[j] and score[j] > least
    most = max(FEWEST, size)
    if found > most:
        above, i = np.empty(found), 0
        for j in range(len(score)):
            if not inside[j] and score[j] > least:
                above[i] = score[j]
                i += 1
        least = np.sort(above)[found - most - 1]
    for j in range(len(score)):
        if not inside[j] and score[j] > least:
            work[size] = j
            inside[j] = True
            size += 1
    return size


@njit(cache=True)
def leave(b: Floats, g: Floats, least: float, work: Ints, inside: Bools, size: int) -> int:
    """Columns whose coefficient is zero and whose gradient is below `least` leave; how many are inside then."""
    kept = 0
    for i in range(size):
        j = work[i]
        if b[j] != 0.0 or abs(g[j]) >= least:
            work[kept] = j
            kept += 1
        else:
            inside[j] = False
    return kept


@njit(cache=True)
def foreseen(g: Floats, earlier: Floats, share: float) -> Floats:
    """Size of the gradient of each column at the next penalty, (p,): where it is heading, or is now if that is more.

    share: how far the next penalty is, by the distance of the last two.
    """
    score = np.empty(len(g))
    for j in range(len(g)):
        score[j] = max(abs(g[j]), abs(g[j] + share * (g[j] - earlier[j])))
    return score


@njit(cache=True)
def silence_twins(G: Floats, Xt: Floats, work: Ints, known: int, size: int) -> None:
    """Sets the curvature of a new column, from `known` on, to 0 where one before it is equal, but for its sign and rounding.

    Their gradients are equal, so that the first meets the conditions of both; the share of each would be a matter of rounding.
    G: (≥ size, ≥ size) products of columns. Xt: (p, n) the columns themselves.
    """
    for c in range(known, size):
        own = G[c, c]
        for e in range(c):
            if G[e, e] > 0.0 and abs(G[e, e] - own) <= ALIKE * own and abs(G[c, e]) >= (1.0 - ALIKE) * own:
                one, other, sign = Xt[work[c]], Xt[work[e]], 1.0 if G[c, e] > 0.0 else -1.0
                apart, most = 0.0, 0.0
                for i in range(len(one)):
                    apart = max(apart, abs(one[i] - sign * other[i]))
                    most = max(most, abs(one[i]))
                if apart <= SAME * most:
                    G[c, c] = 0.0
                    break


@njit(cache=True)
def larger(matrix: Floats, rows: int, columns: int) -> Floats:
    """The matrix at the corner of a larger one, whose other cells are not set."""
    found = np.empty((rows, columns))
    found[: matrix.shape[0], : matrix.shape[1]] = matrix
    return found
