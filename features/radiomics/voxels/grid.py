"""Grid: the voxels of a ROI in a flat array, each of their neighbours always as many places further.

Grids are flat, with a border of zeros as wide as the largest offset; zero is outside the ROI. `places` are the ROI's
voxels in such a grid, in their order; `steps` are offsets in it, of the forward half of a neighbourhood only. Places and
indices are unsigned where speed matters: nothing then has to ask whether an index is negative.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from features.core.compiled import njit

Grid = NDArray[np.uint16]
Places = NDArray[np.int32]
Steps = NDArray[np.int64]
Counts = NDArray[np.int64]
Links = NDArray[np.uint16]


@njit(cache=True)
def find_places(mask: NDArray[np.bool_], border: int, voxels: int) -> Places:
    """Where the voxels of a mask (z, y, x) are in a flat grid with a border."""
    places = np.empty(voxels + 1, np.int32)  # a voxel outside is written too, and then written over
    depth, height, width = mask.shape
    n = np.uint64(0)
    for z in range(depth):
        for y in range(height):
            start = ((z + border) * (height + 2 * border) + y + border) * (width + 2 * border) + border
            row = mask[z, y]
            for x in range(width):
                places[n] = start + x
                n += np.uint64(row[x])
    return places[:voxels]


@njit(cache=True)
def gather(image: NDArray[np.float64], mask: NDArray[np.bool_], voxels: int) -> NDArray[np.float64]:
    """Intensities of the voxels of a mask, both (z, y, x), in their order."""
    values = np.empty(voxels + 1)  # a voxel outside is written too, and then written over
    flat, inside = image.reshape(-1), mask.reshape(-1)
    n = np.uint64(0)
    for i in range(np.uint64(flat.size)):
        values[n] = flat[i]
        n += np.uint64(inside[i])
    return values[:voxels]


@njit(cache=True)
def fill(grid: Grid, places: Places, numbers: NDArray[np.int32]) -> None:
    """Write the numbers of the ROI's voxels into a grid."""
    for t in range(places.size):
        grid[np.uint64(places[t])] = numbers[t]


@njit(cache=True)
def any_ahead(ranks: Grid, places: Places, step: int) -> bool:
    """Whether some voxel has another one a step ahead."""
    for t in range(places.size):  # noqa: SIM110 - compiled
        if ranks[places[t] + step]:
            return True
    return False
