"""Boxes: where a mask, or a label of a label map, is."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from features.core.compiled import njit
from features.core.region import Box


def bounding_box(mask: NDArray[np.bool_], within: Box | None = None) -> Box:
    """Slices (z, y, x) round the voxels of a mask; `within` holds them all, if that is known.

    Raises ValueError if the mask is empty.
    """
    part = mask if within is None else mask[within]
    if within is not None and _fills(part):
        return within
    box = label_box(part.view(np.uint8), 1)
    if box is None:
        raise ValueError("the mask is empty")
    if within is None:
        return box
    z, y, x = (slice(a.start + b.start, a.start + b.stop) for a, b in zip(within, box, strict=True))
    return z, y, x


def label_box(labels: NDArray[np.generic], label: int) -> Box | None:
    """Slices (z, y, x) round the voxels of a label, None if there are none."""
    low, high, _ = _bounds(np.ascontiguousarray(labels), labels.dtype.type(label))
    return _slices(low, high)


def label_mask(labels: NDArray[np.generic], label: int) -> tuple[NDArray[np.bool_], Box] | None:
    """Where a label is, and slices (z, y, x) round it; None if it is nowhere.

    The mask is the label map itself, seen as bool, where that holds bytes of 0 and 1 alone: do not write to it.
    """
    low, high, alone = _bounds(np.ascontiguousarray(labels), labels.dtype.type(label))
    box = _slices(low, high)
    if box is None:
        return None
    if alone and label == 1 and labels.dtype.itemsize == 1:
        return labels.view(np.bool_), box
    mask = np.zeros(labels.shape, bool)
    mask[box] = labels[box] == label
    return mask, box


def _slices(low: NDArray[np.int64], high: NDArray[np.int64]) -> Box | None:
    if low[0] > high[0]:
        return None
    z, y, x = (slice(int(start), int(stop) + 1) for start, stop in zip(low, high, strict=True))
    return z, y, x


@njit(cache=True)
def _fills(mask: NDArray[np.bool_]) -> bool:
    """Whether each of the six faces of an array holds a voxel of the mask, so that no smaller box does."""
    depth, height, width = mask.shape
    for z in (0, depth - 1):
        if not mask[z].any():
            return False
    for y in (0, height - 1):
        if not mask[:, y].any():
            return False
    for x in (0, width - 1):  # noqa: SIM110 - compiled
        if not mask[:, :, x].any():
            return False
    return True


@njit(cache=True)
def _bounds(labels: NDArray[np.generic], label: float) -> tuple[NDArray[np.int64], NDArray[np.int64], bool]:
    """Lowest and highest place (3) of a label, and whether there is nothing but it and zeros."""
    alone = True
    low = np.array(labels.shape, np.int64)
    high = np.full(3, -1, np.int64)
    for z in range(labels.shape[0]):
        for y in range(labels.shape[1]):
            row = labels[z, y]
            found = other = False
            for x in range(row.size):  # compiled to wide instructions: nearly all rows have none
                found |= row[x] == label
                other |= (row[x] != label) & (row[x] != 0)
            alone &= not other
            if found:
                first, last = 0, row.size - 1
                while row[first] != label:
                    first += 1
                while row[last] != label:
                    last -= 1
                low[0], high[0] = min(low[0], z), max(high[0], z)
                low[1], high[1] = min(low[1], y), max(high[1], y)
                low[2], high[2] = min(low[2], first), max(high[2], last)
    return low, high, alone
