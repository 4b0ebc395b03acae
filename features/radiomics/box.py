"""bounding_box: the smallest box that holds a mask."""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from features.core.filter import Box


def bounding_box(mask: NDArray[np.bool_]) -> Box:
    """Slices (z, y, x) round the voxels of a non-empty mask. Raises ValueError if it is empty."""
    rows = np.ascontiguousarray(mask)
    low, high = _bounds(rows.view(np.uint8))
    if low[0] > high[0]:
        raise ValueError("the mask is empty")
    z, y, x = (slice(int(start), int(stop) + 1) for start, stop in zip(low, high, strict=True))
    return z, y, x


@njit(cache=True)
def _bounds(mask: NDArray[np.uint8]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    low = np.array(mask.shape, np.int64)
    high = np.full(3, -1, np.int64)
    for z in range(mask.shape[0]):
        for y in range(mask.shape[1]):
            row = mask[z, y]
            total = np.uint8(0)
            for x in range(row.size):  # compiled to wide instructions: nearly all rows are empty
                total |= row[x]
            if total:
                first, last = 0, row.size - 1
                while not row[first]:
                    first += 1
                while not row[last]:
                    last -= 1
                low[0], high[0] = min(low[0], z), max(high[0], z)
                low[1], high[1] = min(low[1], y), max(high[1], y)
                low[2], high[2] = min(low[2], first), max(high[2], last)
    return low, high
