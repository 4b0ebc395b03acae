"""Neighbours: what each voxel of the ROI has around it, in its slice (8) or in space (26)."""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray


@njit(cache=True)
def look_around(
    levels: NDArray[np.int32], voxels: int, coarseness: int, flat: bool
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64], NDArray[np.int64]]:
    """Of each voxel with a level (z, y, x): its slice, its level, the mean level of its neighbours, its dependence.

    Neighbours without a level (0) do not count; the mean is NaN where there are none. dependence: how many neighbours
    differ by no more than `coarseness`, and 1 for the voxel itself.
    """
    depth, height, width = levels.shape
    slices, own = np.empty(voxels, np.int64), np.empty(voxels, np.int64)
    means, dependence = np.empty(voxels, np.float64), np.empty(voxels, np.int64)
    reach = 0 if flat else 1
    n = 0
    for z in range(depth):
        for y in range(height):
            for x in range(width):
                level = levels[z, y, x]
                if level == 0:
                    continue
                total, number, alike = 0, 0, 0
                for i in range(max(z - reach, 0), min(z + reach + 1, depth)):
                    for j in range(max(y - 1, 0), min(y + 2, height)):
                        for k in range(max(x - 1, 0), min(x + 2, width)):
                            other = levels[i, j, k]
                            if other:
                                total += other
                                number += 1
                                alike += abs(other - level) <= coarseness
                slices[n], own[n], dependence[n] = z, level, alike
                means[n] = (total - level) / (number - 1) if number > 1 else np.nan
                n += 1
    return slices, own, means, dependence
