"""Size matrices: grey levels against sizes of something (runs, zones, dependent neighbours), and what is said of them."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np
from numba import njit
from numpy.typing import NDArray

from features.radiomics.families.family import Feature

# What a family calls each figure: `Size` stands for its word of a size, `Level` for what it adds to "GrayLevel".
FORMULAS = {
    "small": "mean of 1 / size²",
    "large": "mean of size²",
    "levels": "sum over levels of their squared counts, over the count",
    "levels_normalised": "the same over the squared count",
    "sizes": "sum over sizes of their squared counts, over the count",
    "sizes_normalised": "the same over the squared count",
    "percentage": "count over the number of voxels",
    "level_variance": "variance of the level",
    "size_variance": "variance of the size",
    "entropy": "entropy of level and size together",
    "low": "mean of 1 / level²",
    "high": "mean of level²",
    "small_low": "mean of 1 / (size² level²)",
    "small_high": "mean of level² / size²",
    "large_low": "mean of size² / level²",
    "large_high": "mean of size² level²",
}


def features_of(names: Mapping[str, str], codes: Mapping[str, str], what: str) -> tuple[Feature, ...]:
    """Features of a family. names: its name of each figure that it has; codes: IBSI codes by name; what: is counted."""
    return tuple(Feature(name, codes.get(name, ""), f"{FORMULAS[figure]}, of {what}") for figure, name in names.items())


def size_figures(
    counts: NDArray[np.generic], levels: NDArray[np.float64], sizes: NDArray[np.integer]
) -> dict[str, float]:
    """Each figure of FORMULAS: the mean over the first axis of counts (matrices, levels, sizes); NaN without any count."""
    found = _figures(np.ascontiguousarray(counts), levels, sizes.astype(np.float64))
    return dict(zip(FORMULAS, found.tolist(), strict=True))


@njit(cache=True)
def _figures(
    matrices: NDArray[np.generic], levels: NDArray[np.float64], sizes: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Means over the matrices that count anything, in the order of FORMULAS."""
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
