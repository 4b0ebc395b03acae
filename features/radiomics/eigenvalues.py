"""eigenvalues: of symmetric matrices, the same to the bit on every machine.

LAPACK adds in an order that depends on the processor. Here, Householder reflections make a matrix tridiagonal and bisection
finds the values (Golub and Van Loan, Matrix Computations, 8.3 and 8.4): exact to a rounding of the largest one.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit
from numpy.typing import NDArray

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
    found = np.empty(matrices.shape[0])
    for m in range(matrices.shape[0]):
        diagonal, beside = _tridiagonal(matrices[m])
        second = _nth(diagonal, beside, diagonal.size - 2)
        # Of entries that are not negative the largest value is that of the largest magnitude.
        found[m] = second if mirrored else max(second, -_nth(diagonal, beside, 0))
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
    low, high = math.inf, -math.inf
    for k in range(size):
        reach = (abs(beside[k - 1]) if k else 0.0) + (abs(beside[k]) if k < size - 1 else 0.0)
        low, high = min(low, diagonal[k] - reach), max(high, diagonal[k] + reach)
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
    return low + (high - low) / 2
