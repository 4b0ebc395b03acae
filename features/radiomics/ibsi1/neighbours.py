"""Neighbours: what each voxel of the ROI has around it, in its slice (8) or in space (26)."""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray


@njit(cache=True)
def look_around(
    line: NDArray[np.int32], places: NDArray[np.int64], neighbours: NDArray[np.int64], coarseness: int
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Of the voxel at each place of the line: the mean level of its neighbours, and its dependence.

    Neighbours outside the ROI (level 0) do not count; the mean is NaN where all are. dependence: how many neighbours differ
    by no more than `coarseness`, and 1 for the voxel itself.
    """
    means, dependence = np.empty(len(places), np.float64), np.empty(len(places), np.int64)
    for n in range(len(places)):
        level = line[places[n]]
        total, number, alike = 0, 0, 1
        for step in neighbours:
            other = line[places[n] + step]
            if other:
                total += other
                number += 1
                if abs(other - level) <= coarseness:
                    alike += 1
        means[n] = total / number if number else np.nan
        dependence[n] = alike
    return means, dependence
