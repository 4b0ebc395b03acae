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
    distance = border_distance(np.pad(roi.mask, 1), flat=flat).ravel()
    places, levels, sizes, distances = label_zones(
        roi.level_line.copy(), roi.places, roi.neighbours(flat=flat), distance
    )
    return Zones(roi.slice_of(places), levels, sizes, distances)


def border_distance(mask: NDArray[np.bool_], *, flat: bool) -> NDArray[np.int32]:
    """Manhattan distance of each voxel to what lies outside the mask, int32 (z, y, x): 0 outside, 1 at the border.

    The mask has a rim that is outside. flat: within slices.
    """
    from scipy.ndimage import distance_transform_cdt

    def transform(inside: NDArray[np.bool_]) -> NDArray[np.int32]:
        found: NDArray[np.int32] = distance_transform_cdt(inside, metric="taxicab")
        return found

    return np.stack([transform(rows) for rows in mask]) if flat else transform(mask)


@njit(cache=True)
def label_zones(
    line: NDArray[np.int32], places: NDArray[np.int64], neighbours: NDArray[np.int64], distance: NDArray[np.int32]
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """First place, level, size and smallest distance of each zone. The line becomes zero throughout."""
    found = np.empty((4, len(places)), np.int64)
    stack = np.empty(len(places), np.int64)
    n = 0
    for place in places:
        level = line[place]
        if level == 0:
            continue
        line[place] = 0
        stack[0] = place
        top, size, nearest = 1, 0, distance[place]
        while top:
            top -= 1
            here = stack[top]
            size += 1
            if distance[here] < nearest:
                nearest = distance[here]
            for step in neighbours:
                if line[here + step] == level:
                    line[here + step] = 0
                    stack[top] = here + step
                    top += 1
        found[0, n], found[1, n], found[2, n], found[3, n] = place, level, size, nearest
        n += 1
    return found[0, :n], found[1, :n], found[2, :n], found[3, :n]
