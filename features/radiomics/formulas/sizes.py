"""Figures of matrices that count grey levels against sizes of something: runs, zones, distances, dependent neighbours.

Twice, because both dialects promise their last digit: pyradiomics' are summed level by level over dense matrices, and are
means over these; those of IBSI are summed over the entries of one matrix.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from features.core.compiled import njit
from features.radiomics.formulas.entropy import entropy, histogram
from features.radiomics.voxels.matrix import Matrix

# In the order in which `size_figures` has them.
FIGURES = (
    *("small", "large", "levels", "levels_normalised", "sizes", "sizes_normalised", "percentage"),
    *("level_variance", "size_variance", "entropy"),
    *("low", "high", "small_low", "small_high", "large_low", "large_high"),
)


def size_figures(
    counts: NDArray[np.generic], levels: NDArray[np.float64], sizes: NDArray[np.integer]
) -> dict[str, float]:
    """Each of FIGURES: the mean over the first axis of counts (matrices, levels, sizes); NaN without any count."""
    found = _figures(np.ascontiguousarray(counts), levels, sizes.astype(np.float64))
    return dict(zip(FIGURES, found.tolist(), strict=True))


def emphases(matrix: Matrix) -> list[float]:
    """The 16 figures of one matrix in IBSI's order, which GLRLM, GLSZM, GLDZM and NGLDM share; NaN if it is empty.

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


@njit(cache=True)
def _figures(
    matrices: NDArray[np.generic], levels: NDArray[np.float64], sizes: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Means over the matrices that count anything, in the order of FIGURES."""
    many, found = 0, np.zeros((matrices.shape[0], 16))
    squares = sizes * sizes
    for matrix in matrices:
        total = 0.0
        for i in range(levels.size):
            line = 0.0
            for j in range(sizes.size):
                line += matrix[i, j]
            total += line
        if total == 0:
            continue
        one, of_size = found[many], np.zeros(sizes.size)
        many += 1
        level_mean, of_level = 0.0, np.zeros(levels.size)
        for i in range(levels.size):
            share, small, large, entropy = 0.0, 0.0, 0.0, 0.0
            for j in range(sizes.size):
                if matrix[i, j] == 0:
                    continue
                p = matrix[i, j] / total
                share += p
                of_size[j] += p
                small += p / squares[j]
                large += p * squares[j]
                entropy -= p * math.log2(p)
            square = levels[i] * levels[i]
            of_level[i] = share
            level_mean += share * levels[i]
            one[0] += small
            one[1] += large
            one[3] += share * share
            one[9] += entropy
            one[10] += share / square
            one[11] += share * square
            one[12] += small / square
            one[13] += small * square
            one[14] += large / square
            one[15] += large * square
        size_mean = 0.0
        for j in range(sizes.size):
            size_mean += of_size[j] * sizes[j]
            one[5] += of_size[j] * of_size[j]
        for i in range(levels.size):
            one[7] += of_level[i] * (levels[i] - level_mean) * (levels[i] - level_mean)
        for j in range(sizes.size):
            one[8] += of_size[j] * (sizes[j] - size_mean) * (sizes[j] - size_mean)
        one[2], one[4], one[6] = total * one[3], total * one[5], 1 / size_mean
    means = np.zeros(16)
    for k in range(many):
        means += found[k]
    return means / many
