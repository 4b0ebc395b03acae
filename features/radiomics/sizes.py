"""Size matrices: grey levels against sizes of something (runs, zones, dependent neighbours), and what is said of them."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np
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
    counts: NDArray[np.generic], levels: NDArray[np.float64], sizes: NDArray[np.integer]
) -> dict[str, float]:
    """Each figure of FORMULAS: the mean over the first axis of counts (matrices, levels, sizes); NaN without any count."""
    matrices = counts.astype(np.float64)
    totals = matrices.sum(axis=(1, 2))
    used = totals > 0
    if not used.any():
        return dict.fromkeys(FORMULAS, math.nan)
    totals = totals[used]
    p = matrices[used] / totals[:, None, None]
    a, b = levels**2, sizes.astype(np.float64) ** 2
    of_level, of_size = p.sum(axis=2), p.sum(axis=1)
    level_means, size_means = of_level @ levels, of_size @ sizes
    level_squares, size_squares = (of_level**2).sum(axis=1), (of_size**2).sum(axis=1)
    seen = np.where(p > 0, p, 1.0)
    found = {
        "small": of_size @ (1 / b),
        "large": of_size @ b,
        "levels": totals * level_squares,
        "levels_normalised": level_squares,
        "sizes": totals * size_squares,
        "sizes_normalised": size_squares,
        "percentage": 1 / size_means,
        "level_variance": (of_level * (levels - level_means[:, None]) ** 2).sum(axis=1),
        "size_variance": (of_size * (sizes - size_means[:, None]) ** 2).sum(axis=1),
        "entropy": -(p * np.log2(seen)).sum(axis=(1, 2)),
        "low": of_level @ (1 / a),
        "high": of_level @ a,
        "small_low": (p @ (1 / b)) @ (1 / a),
        "small_high": (p @ (1 / b)) @ a,
        "large_low": (p @ b) @ (1 / a),
        "large_high": (p @ b) @ a,
    }
    return {figure: float(found[figure].mean()) for figure in FORMULAS}
