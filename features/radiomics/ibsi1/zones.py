"""Zones: connected voxels of one grey level, and how far they lie from the border of the ROI."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numba import njit
from numpy.typing import NDArray

from features.radiomics.ibsi1.roi import IbsiRoi


@dataclass(frozen=True, eq=False)
class Zones:
    """Of each zone: its first slice, its level, its voxels, and its smallest distance to the border, from 1."""

    slices: NDArray[np.int64]
    levels: NDArray[np.int64]
    sizes: NDArray[np.int64]
    distances: NDArray[np.int64]


def find_zones(roi: IbsiRoi, *, flat: bool) -> Zones:
    """Zones within slices (flat; 8 neighbours) or in space (26 neighbours).

    A voxel's distance is the number of steps (4 or 6 directions) to the nearest voxel outside the morphological mask.
    """
    distance = border_distance(roi.mask, flat=flat)
    z, levels, sizes, distances = label_zones(roi.level_map.copy(), distance, len(roi.values), flat)
    return Zones(z, levels, sizes, distances)


def border_distance(mask: NDArray[np.bool_], *, flat: bool) -> NDArray[np.int32]:
    """Manhattan distance of each voxel to what lies outside the mask, int32 (z, y, x): 0 outside, 1 at the border."""
    from scipy.ndimage import distance_transform_cdt

    if not flat:
        found: NDArray[np.int32] = distance_transform_cdt(np.pad(mask, 1), metric="taxicab")[1:-1, 1:-1, 1:-1]
        return np.ascontiguousarray(found)
    return np.stack([distance_transform_cdt(np.pad(rows, 1), metric="taxicab")[1:-1, 1:-1] for rows in mask])


@njit(cache=True)
def label_zones(
    levels: NDArray[np.int32], distance: NDArray[np.int32], voxels: int, flat: bool
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """First slice, level, size and smallest distance of each zone. levels: (z, y, x), becomes zero throughout."""
    depth, height, width = levels.shape
    found = np.empty((4, voxels), np.int64)
    stack = np.empty((voxels, 3), np.int32)
    reach = 0 if flat else 1
    n = 0
    for z in range(depth):
        for y in range(height):
            for x in range(width):
                level = levels[z, y, x]
                if level == 0:
                    continue
                levels[z, y, x] = 0
                stack[0, 0], stack[0, 1], stack[0, 2] = z, y, x
                top, size, nearest = 1, 0, distance[z, y, x]
                while top:
                    top -= 1
                    a, b, c = stack[top, 0], stack[top, 1], stack[top, 2]
                    size += 1
                    nearest = min(nearest, distance[a, b, c])
                    for i in range(max(a - reach, 0), min(a + reach + 1, depth)):
                        for j in range(max(b - 1, 0), min(b + 2, height)):
                            for k in range(max(c - 1, 0), min(c + 2, width)):
                                if levels[i, j, k] == level:
                                    levels[i, j, k] = 0
                                    stack[top, 0], stack[top, 1], stack[top, 2] = i, j, k
                                    top += 1
                found[0, n], found[1, n], found[2, n], found[3, n] = z, level, size, nearest
                n += 1
    return found[0, :n], found[1, :n], found[2, :n], found[3, :n]
