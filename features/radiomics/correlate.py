"""correlate: a filter of a few taps along one axis, where all of its taps lie inside the array."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from features.core.compiled import njit

_TILE = np.uint64(1024)  # what a tile adds up stays in the fastest cache


Reals = NDArray[np.float64] | NDArray[np.float32]


def correlate(array: Reals, taps: Reals, axis: int) -> Reals:
    """Sums of taps[k] × array[i + k] along an axis, in their precision, the same of both.

    The axis loses one voxel less than there are taps, of which there is an even number.
    """
    shape = list(array.shape)
    blocks, step = int(np.prod(shape[:axis])), int(np.prod(shape[axis + 1 :]))
    shape[axis] -= taps.size - 1
    found = np.empty(shape, array.dtype)
    _correlate(np.ascontiguousarray(array).reshape(blocks, -1), step, taps, found.reshape(blocks, -1))
    return found


@njit(cache=True)
def _correlate(lines: Reals, step: int, taps: Reals, found: Reals) -> None:
    # Along whichever axis: in a flat array, neighbours lie `step` apart. Unsigned places let numba use wide instructions.
    length = np.uint64(found.shape[1])
    for block in range(found.shape[0]):
        source, target = lines[block], found[block]
        for start in range(np.uint64(0), length, _TILE):
            stop = min(start + _TILE, length)
            # Added one by one from the last tap, as PyWavelets does: what cancels out leaves the same trace.
            for k in range(taps.size - 1, 0, -2):
                first, second = taps[k], taps[k - 1]
                here = np.uint64(k * step)
                there = here - np.uint64(step)
                if k == taps.size - 1:
                    for j in range(start, stop):
                        target[j] = first * source[here + j] + second * source[there + j]
                else:
                    for j in range(start, stop):
                        target[j] = (target[j] + first * source[here + j]) + second * source[there + j]
