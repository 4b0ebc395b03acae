"""Boxes: where a mask, or a label of a label map, is."""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from features.core.region import Box


def bounding_box(mask: NDArray[np.bool_], within: Box | None = None) -> Box:
    """Slices (z, y, x) round the voxels of a mask; `within` holds them all, if that is known.

    Raises ValueError if the mask is empty.
    """
    part = mask if within is None else mask[within]
    box = label_box(part.view(np.uint8), 1)
    if box is None:
        raise ValueError("the mask is empty")
    if within is None:
        return box
    z, y, x = (slice(a.start + b.start, a.start + b.stop) for a, b in zip(within, box, strict=True))
    return z, y, x


def label_box(labels: NDArray[np.generic], label: int) -> Box | None:
    """Slices (z, y, x) round the voxels of a label, None if there are none."""
    low, high = _bounds(np.ascontiguousarray(labels), labels.dtype.type(label))
    if low[0] > high[0]:
        return None
    z, y, x = (slice(int(start), int(stop) + 1) for start, stop in zip(low, high, strict=True))
    return z, y, x


@njit(cache=True)
def _bounds(labels: NDArray[np.generic], label: float) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    low = np.array(labels.shape, np.int64)
    high = np.full(3, -1, np.int64)
    for z in range(labels.shape[0]):
        for y in range(labels.shape[1]):
            row = labels[z, y]
            found = False
            for x in range(row.size):  # compiled to wide instructions: nearly all rows have none
                found |= row[x] == label
            if found:
                first, last = 0, row.size - 1
                while row[first] != label:
                    first += 1
                while row[last] != label:
                    last -= 1
                low[0], high[0] = min(low[0], z), max(high[0], z)
                low[1], high[1] = min(low[1], y), max(high[1], y)
                low[2], high[2] = min(low[2], first), max(high[2], last)
    return low, high
