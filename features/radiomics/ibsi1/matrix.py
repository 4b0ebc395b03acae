"""Matrix: a texture matrix by its non-zero entries; the features of those that count things of a size by grey level."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from features.core.portable import log2


@dataclass(frozen=True, eq=False)
class Matrix:
    """Entries of a texture matrix that are not zero.

    rows: grey levels; columns: grey levels, lengths, sizes, distances or dependences, from 1; counts: float64.
    voxels: of the ROI or slice, as often as it was merged.
    """

    rows: NDArray[np.int64]
    columns: NDArray[np.int64]
    counts: NDArray[np.float64]
    voxels: int


def tally(rows: NDArray[np.int64], columns: NDArray[np.int64], voxels: int) -> Matrix:
    """The matrix that counts each pair of a row and a column."""
    return _collect(rows, columns, None, voxels)


def merge(matrices: Sequence[Matrix]) -> Matrix:
    """The sum of matrices."""
    rows = np.concatenate([matrix.rows for matrix in matrices])
    columns = np.concatenate([matrix.columns for matrix in matrices])
    counts = np.concatenate([matrix.counts for matrix in matrices])
    return _collect(rows, columns, counts, sum(matrix.voxels for matrix in matrices))


def _collect(
    rows: NDArray[np.int64], columns: NDArray[np.int64], counts: NDArray[np.float64] | None, voxels: int
) -> Matrix:
    width = int(columns.max(initial=0)) + 1
    codes, places = np.unique(rows * width + columns, return_inverse=True)
    totals = np.bincount(places, weights=counts, minlength=len(codes)).astype(np.float64)
    return Matrix(codes // width, codes % width, totals, voxels)


def average(values: Iterable[Sequence[float]]) -> list[float]:
    """Mean of each feature over the matrices for which it is defined, NaN where it is for none."""
    table = np.array(list(values), np.float64)
    defined = ~np.isnan(table)
    number = defined.sum(axis=0)
    total = np.where(defined, table, 0.0).sum(axis=0)
    return [float(t) / int(n) if n else float("nan") for t, n in zip(total, number, strict=True)]


def emphases(matrix: Matrix) -> list[float]:
    """The 16 features that GLRLM, GLSZM, GLDZM and NGLDM share, in IBSI's order; NaN for an empty matrix.

    Emphasis of small and large columns, of low and high levels, of the four pairs of both; non-uniformity of levels, the
    same normalised, of columns, the same normalised; percentage; variance of levels, of columns; entropy.
    """
    n = float(matrix.counts.sum())
    if n == 0:
        return [float("nan")] * 16
    p = matrix.counts / n
    i, j = matrix.rows.astype(np.float64), matrix.columns.astype(np.float64)
    of_level, of_column = histogram(matrix.rows, p), histogram(matrix.columns, p)
    low, high, small, large = 1 / i**2, i**2, 1 / j**2, j**2
    uniform_level, uniform_column = float((of_level**2).sum()), float((of_column**2).sum())
    return [
        float((p * small).sum()),
        float((p * large).sum()),
        float((p * low).sum()),
        float((p * high).sum()),
        float((p * small * low).sum()),
        float((p * small * high).sum()),
        float((p * large * low).sum()),
        float((p * large * high).sum()),
        uniform_level * n,
        uniform_level,
        uniform_column * n,
        uniform_column,
        n / matrix.voxels,
        float((p * (i - (p * i).sum()) ** 2).sum()),
        float((p * (j - (p * j).sum()) ** 2).sum()),
        entropy(p),
    ]


def histogram(places: NDArray[np.int64], weights: NDArray[np.float64]) -> NDArray[np.float64]:
    """Sum of the weights of each place, from 0 on."""
    return np.bincount(places, weights).astype(np.float64)


def entropy(p: NDArray[np.float64]) -> float:
    """Entropy in bits of probabilities, of which some may be zero."""
    p = p[p > 0]
    return float(-(p * log2(p)).sum()) + 0.0
