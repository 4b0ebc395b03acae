"""order: intensities from the lowest to the highest, and what stands where in that order.

Those that are whole numbers, as of CT and MR, are ordered by counting.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from features.core.compiled import njit

MOST_DIFFERENT = 1 << 14  # their counts stay in the fast cache
MINUS_ZERO = np.int64(-(2**63))  # the bits of it


def ordered(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """The values (n,), sorted."""
    low, high = _ends_of_whole(values)
    if high - low < min(MOST_DIFFERENT, values.size):
        return _count_out(values, low, int(high - low) + 1)  # type: ignore[no-any-return]
    return np.sort(values)


def percentile(ordered: NDArray[np.float64], percent: int) -> float:
    """numpy's linear percentile, to the bit, without its partition of the array."""
    place = (ordered.size - 1) * (percent / 100)
    below = int(place)
    share = place - below
    low, high = float(ordered[below]), float(ordered[min(below + 1, ordered.size - 1)])
    return low + (high - low) * share if share < 0.5 else high - (high - low) * (1 - share)


def median(ordered: NDArray[np.float64]) -> float:
    """The middle one, or the mean of the two in the middle."""
    return float(ordered[(ordered.size - 1) // 2] + ordered[ordered.size // 2]) / 2


@njit(cache=True)
def _ends_of_whole(values: NDArray[np.float64]) -> tuple[float, float]:
    """Lowest and highest value; ends that are infinitely far apart as soon as one is not whole, or is minus zero."""
    low, high = values[0], values[0]
    bits = values.view(np.int64)
    for start in range(0, values.size, 1024):
        other = False
        for i in range(np.uint64(start), np.uint64(min(start + 1024, values.size))):
            value = values[i]
            other |= (value != math.floor(value)) | (bits[i] == MINUS_ZERO)
            low = value if value < low else low
            high = value if value > high else high
        if other:
            return -math.inf, math.inf
    return low, high


@njit(cache=True)
def _count_out(values: NDArray[np.float64], low: float, many: int) -> NDArray[np.float64]:
    counts = np.zeros(many, np.int64)
    for i in range(values.size):
        counts[np.uint64(values[i] - low)] += 1
    found = np.empty(values.size)
    stop = np.uint64(0)
    for k in range(many):
        start, stop = stop, stop + np.uint64(counts[k])
        for i in range(start, stop):
            found[i] = low + k
    return found
