"""Matrix: a texture matrix by its entries that are not zero; sums of matrices, means of what is said of them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

CELLS = 1 << 14  # of a table that costs little to count into


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
    codes = rows * width + columns
    if int(codes.max(initial=0)) < CELLS + len(codes):  # without sorting
        totals = np.bincount(codes, weights=counts)
        codes = np.flatnonzero(totals)
        totals = totals[codes]
    else:
        codes, places = np.unique(codes, return_inverse=True)
        totals = np.bincount(places, weights=counts, minlength=len(codes))
    return Matrix(codes // width, codes % width, totals.astype(np.float64), voxels)


def average(values: Iterable[Sequence[float]]) -> list[float]:
    """Mean of each feature over the matrices for which it is defined, NaN where it is for none."""
    table = np.array(list(values), np.float64)
    defined = ~np.isnan(table)
    number = defined.sum(axis=0)
    total = np.where(defined, table, 0.0).sum(axis=0)
    return [float(t) / int(n) if n else float("nan") for t, n in zip(total, number, strict=True)]
