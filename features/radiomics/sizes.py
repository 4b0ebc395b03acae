"""Size matrices: grey levels against sizes of something (runs, zones, dependent neighbours), and what is said of them."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np
from numba import njit
from numpy.typing import NDArray

from features.radiomics.family import Feature

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
    counts: NDArray[np.generic], levels: NDArray[np.float64], sizes: NDArray[np.generic]
) -> dict[str, float]:
    """Each figure of FORMULAS: the mean over the first axis of counts (matrices, levels, sizes); NaN without any count."""
    found = _figures(counts.astype(np.float64), levels, sizes.astype(np.float64))
    return dict(zip(FORMULAS, found.tolist(), strict=True))


@njit(cache=True)
def _figures(
    counts: NDArray[np.float64], levels: NDArray[np.float64], sizes: NDArray[np.float64]
) -> NDArray[np.float64]:
    mean = np.zeros(16)
    used = 0
    for m in range(counts.shape[0]):
        total, voxels = 0.0, 0.0
        of_level, of_size = np.zeros(levels.size), np.zeros(sizes.size)
        for i in range(levels.size):
            for j in range(sizes.size):
                n = counts[m, i, j]
                of_level[i] += n
                of_size[j] += n
                total += n
                voxels += n * sizes[j]
        if total == 0:
            continue
        used += 1
        level_mean, size_mean = 0.0, 0.0
        one = np.zeros(16)
        for i in range(levels.size):
            p = of_level[i] / total
            level_mean += p * levels[i]
            one[2] += of_level[i] * p
            one[3] += p * p
            one[10] += p / levels[i] ** 2
            one[11] += p * levels[i] ** 2
        for j in range(sizes.size):
            p = of_size[j] / total
            size_mean += p * sizes[j]
            one[0] += p / sizes[j] ** 2
            one[1] += p * sizes[j] ** 2
            one[4] += of_size[j] * p
            one[5] += p * p
        one[6] = total / voxels
        for i in range(levels.size):
            one[7] += of_level[i] / total * (levels[i] - level_mean) ** 2
        for j in range(sizes.size):
            one[8] += of_size[j] / total * (sizes[j] - size_mean) ** 2
        for i in range(levels.size):
            a = levels[i] ** 2
            for j in range(sizes.size):
                if counts[m, i, j] > 0:
                    p = counts[m, i, j] / total
                    b = sizes[j] ** 2
                    one[9] -= p * math.log2(p)
                    one[12] += p / (a * b)
                    one[13] += p * a / b
                    one[14] += p * b / a
                    one[15] += p * a * b
        mean += one
    return mean / used if used else np.full(16, np.nan)
