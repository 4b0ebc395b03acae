"""Neighbours: what each voxel has around it, on both sides of every step."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from features.core.compiled import njit
from features.radiomics.voxels.grid import Counts, Grid, Places, Steps


@njit(cache=True)
def add_shells(
    levels: Grid, shape: NDArray[np.int64], border: int, distances: NDArray[np.int64], across: int
) -> NDArray[np.int32]:
    """Of each voxel of a grid (z, y, x) but its border: the sum of what lies at Chebyshev distances from it, in all directions.

    A shell is the box of its distance less the next smaller one. across: the axis along which nothing is a neighbour, or −1.
    """
    total = np.zeros(levels.size, np.int32)
    for distance in distances:
        _add_box(levels, shape, border, distance, across, np.int32(1), total)
        _add_box(levels, shape, border, distance - 1, across, np.int32(-1), total)
    return total


@njit(cache=True)
def _add_box(
    levels: Grid,
    shape: NDArray[np.int64],
    border: int,
    distance: int,
    across: int,
    sign: np.int32,
    total: NDArray[np.int32],
) -> None:
    """Add the sums of boxes of 2 × distance + 1 voxels along each axis, axis by axis: whole numbers add up in any order."""
    depth, height, width = shape[0], shape[1], shape[2]
    far_z, far_y = 0 if across == 0 else distance, 0 if across == 1 else distance
    far_x = 0 if across == 2 else distance
    plane, inner = height * width, width - 2 * border
    across_z = np.empty(plane, np.int32)  # sums along z of a plane; then along y of a row
    across_y = np.empty(width, np.int32)
    for z in range(border, depth - border):
        start = (z - far_z) * plane
        first = levels[start : start + plane]
        for i in range(plane):
            across_z[i] = first[i]
        for step in range(1, 2 * far_z + 1):
            another = levels[start + step * plane : start + (step + 1) * plane]
            for i in range(plane):
                across_z[i] += another[i]
        for y in range(border, height - border):
            row = across_z[(y - far_y) * width : (y - far_y + 1) * width]
            for x in range(width):
                across_y[x] = row[x]
            for step in range(1, 2 * far_y + 1):
                next_row = across_z[(y - far_y + step) * width : (y - far_y + step + 1) * width]
                for x in range(width):
                    across_y[x] += next_row[x]
            sums = total[(z * height + y) * width + border : (z * height + y) * width + border + inner]
            for step in range(-far_x, far_x + 1):
                shifted = across_y[border + step : border + step + inner]
                for x in range(inner):
                    sums[x] += sign * shifted[x]


@njit(cache=True)
def count_alike(levels: Grid, places: Places, steps: Steps, dependence: float) -> NDArray[np.uint16]:
    """Of each voxel of the grid: neighbours, on both sides of each step, whose levels differ by at most `dependence`."""
    alike = np.zeros(levels.size, np.uint16)
    for t in range(places.size):
        p = np.int64(places[t])
        for k in range(steps.size):
            for q in (p + steps[k], p - steps[k]):
                if levels[q] and abs(np.float64(levels[q]) - np.float64(levels[p])) <= dependence:
                    alike[p] += np.uint16(1)
    return alike


@njit(cache=True)
def count_dependence(ranks: Grid, places: Places, alike: NDArray[np.uint16], many: int, most: int) -> Counts:
    """(rank, dependent neighbours): voxels."""
    found = np.zeros((many, most + 1), np.int64)
    for t in range(places.size):
        p = np.uint64(places[t])
        found[np.uint64(ranks[p]) - np.uint64(1), np.uint64(alike[p])] += 1
    return found


@njit(cache=True)
def count_tones(
    ranks: Grid, levels: Grid, places: Places, total: NDArray[np.int32], number: NDArray[np.int32], many: int
) -> tuple[Counts, NDArray[np.float64]]:
    """Per rank: voxels with a neighbour, and the sum of their |level − mean of the neighbours|. number: of neighbours."""
    voxels, difference = np.zeros(many, np.int64), np.zeros(many, np.float64)
    for t in range(places.size):
        p = np.uint64(places[t])
        if number[p] > 0:
            a = np.uint64(ranks[p]) - np.uint64(1)
            voxels[a] += 1
            difference[a] += abs(np.float64(levels[p]) - np.float64(total[p]) / np.float64(number[p]))
    return voxels, difference
