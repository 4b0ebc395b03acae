"""eigenvalues: of symmetric matrices, the same to the bit on every machine.

LAPACK adds in an order that depends on the processor. Here, Householder reflections make a matrix tridiagonal and bisection
finds the values (Golub and Van Loan, Matrix Computations, 8.3 and 8.4): exact to a rounding of the largest one.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from features.core.compiled import njit

Reals = NDArray[np.float64]
_ROUNDING = float(np.finfo(np.float64).eps)


def eigenvalues(matrix: Reals) -> list[float]:
    """Eigenvalues of a symmetric matrix (n, n), rising."""
    return _all(np.array(matrix, np.float64, order="C")).tolist()  # type: ignore[no-any-return]


def second_singular_values(matrices: Reals) -> Reals:
    """Second largest singular value of each matrix (m, n, n), of entries that are not negative; n > 1."""
    if not (matrices == matrices.transpose(0, 2, 1)).all():  # those of M are the eigenvalues of this, with both signs
        nought = np.zeros_like(matrices)
        matrices = np.block([[nought, matrices], [matrices.transpose(0, 2, 1), nought]])
        return _seconds(matrices, True)  # type: ignore[no-any-return]
    return _seconds(np.array(matrices, np.float64, order="C"), False)  # type: ignore[no-any-return]


@njit(cache=True)
def _all(matrix: Reals) -> Reals:
    diagonal, beside = _tridiagonal(matrix)
    found = np.empty(diagonal.size)
    for n in range(diagonal.size):
        found[n] = _nth(diagonal, beside, n)
    return found


@njit(cache=True)
def _seconds(matrices: Reals, mirrored: bool) -> Reals:
    many, size = matrices.shape[0], matrices.shape[1]
    diagonals, squares = np.empty((size, many)), np.zeros((size, many))
    ends = np.empty((2, many))
    for m in range(many):
        diagonal, beside = _tridiagonal(matrices[m])
        for k in range(size):
            diagonals[k, m] = diagonal[k]
            squares[k, m] = beside[k - 1] * beside[k - 1] if k else 0.0
        ends[0, m], ends[1, m] = _reach(diagonal, beside)
    found: Reals = _nths(diagonals, squares, ends, size - 2)
    if not mirrored:  # of entries that are not negative the largest value is that of the largest magnitude
        lowest = _nths(diagonals, squares, ends, 0)
        for m in range(many):
            found[m] = max(found[m], -lowest[m])
    return found


@njit(cache=True)
def _add(target: Reals, factor: float, values: Reals) -> None:
    for j in range(values.size):
        target[j] += factor * values[j]


@njit(cache=True)
def _tridiagonal(a: Reals) -> tuple[Reals, Reals]:
    """Diagonal (n) and what stands beside it (n - 1) of a tridiagonal matrix of the same eigenvalues; `a` is used up."""
    size = a.shape[0]
    beside, product = np.zeros(max(size - 1, 0)), np.empty(size)
    for k in range(size - 2):
        rest, v = size - k - 1, a[k, k + 1 :]
        scale = np.max(np.abs(v))
        if scale == 0.0:
            continue
        square = 0.0
        for j in range(rest):
            v[j] /= scale
            square += v[j] * v[j]
        length = math.copysign(math.sqrt(square), v[0])
        beside[k] = -length * scale
        v[0] += length  # the row is now the vector of the reflection
        half = length * v[0]  # of v · v
        w = product[:rest]
        w[:] = 0.0
        for i in range(rest):  # row by row, so that numbers side by side in memory are added side by side
            _add(w, v[i], a[k + 1 + i, k + 1 :])
        along = 0.0
        for j in range(rest):
            w[j] /= half
            along += w[j] * v[j]
        _add(w, -along / (2 * half), v)
        for i in range(rest):
            line = a[k + 1 + i, k + 1 :]
            _add(line, -v[i], w)
            _add(line, -w[i], v)
    if size > 1:
        beside[size - 2] = a[size - 2, size - 1]
    diagonal = np.empty(size)
    for k in range(size):
        diagonal[k] = a[k, k]
    return diagonal, beside


@njit(cache=True)
def _nth(diagonal: Reals, beside: Reals, n: int) -> float:
    """The eigenvalue that n others lie below."""
    size = diagonal.size
    low, high = _reach(diagonal, beside)
    least = _ROUNDING * max(abs(low), abs(high))
    while high - low > least:
        middle = low + (high - low) / 2
        if not low < middle < high:
            break
        below, pivot = 0, 1.0
        for k in range(size):
            pivot = diagonal[k] - middle - (beside[k - 1] * beside[k - 1] / pivot if k else 0.0)
            if pivot == 0.0:
                pivot = least * _ROUNDING
            below += pivot < 0
        if below > n:
            high = middle
        else:
            low = middle
    found: float = low + (high - low) / 2
    return found


@njit(cache=True)
def _reach(diagonal: Reals, beside: Reals) -> tuple[float, float]:
    """Ends that all eigenvalues lie between (Gershgorin)."""
    size = diagonal.size
    low, high = math.inf, -math.inf
    for k in range(size):
        reach = (abs(beside[k - 1]) if k else 0.0) + (abs(beside[k]) if k < size - 1 else 0.0)
        low, high = min(low, diagonal[k] - reach), max(high, diagonal[k] + reach)
    return low, high


@njit(cache=True, error_model="numpy")
def _nths(diagonals: Reals, squares: Reals, ends: Reals, n: int) -> Reals:
    """`_nth` of several matrices (size, m) side by side: their divisions do not wait for one another. squares: of what
    stands beside the diagonal, from the second row on."""
    size, many = diagonals.shape
    low, high = ends[0].copy(), ends[1].copy()
    least, nudge = np.empty(many), np.empty(many)
    for m in range(many):
        least[m] = _ROUNDING * max(abs(low[m]), abs(high[m]))
        nudge[m] = least[m] * _ROUNDING or 1.0  # of a matrix of zeros nothing is looked for
    middle, pivot, below, open_ = np.empty(many), np.empty(many), np.empty(many), np.ones(many, np.bool_)
    while True:
        left = False
        for m in range(many):
            middle[m] = low[m] + (high[m] - low[m]) / 2
            open_[m] &= (high[m] - low[m] > least[m]) & (low[m] < middle[m]) & (middle[m] < high[m])
            left |= open_[m]
            pivot[m], below[m] = 1.0, 0.0
        if not left:
            break
        for k in range(size):
            diagonal, square = diagonals[k], squares[k]
            for m in range(many):
                value = diagonal[m] - middle[m] - square[m] / pivot[m]
                value = nudge[m] if value == 0.0 else value
                pivot[m] = value
                below[m] += 1.0 if value < 0.0 else 0.0
        for m in range(many):
            if open_[m]:
                if below[m] > n:
                    high[m] = middle[m]
                else:
                    low[m] = middle[m]
    found: Reals = low + (high - low) / 2
    return found
