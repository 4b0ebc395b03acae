"""discretise: the grey levels of a ROI, by bins of a width or by a number of bins."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numba import njit
from numpy.typing import NDArray

from features.core.quarantine import Rejected
from features.radiomics.settings import Settings

MOST_LEVELS = 1 << 15


@dataclass(frozen=True, eq=False)
class Levels:
    """Grey levels of a ROI.

    values: int32, of each voxel inside the mask in the order of the array, from 1. present: the levels that occur, in
    order (K); counts: how many voxels have each of them (K). edges: of the bins, float64, one more than there are bins.
    """

    values: NDArray[np.int32]
    present: NDArray[np.int64]
    counts: NDArray[np.int64]
    edges: NDArray[np.float64]


def discretise(
    values: NDArray[np.float64], bounds: tuple[float, float], settings: Settings, *, single: bool = False
) -> Levels:
    """Levels of the values by bins [edge, next edge); the first one holds the minimum.

    bounds: the lowest and the highest value. single: edges are in single precision, as numpy has them for such values.
    Raises Rejected(TOO_MANY_BINS) if they would be more than 32,768.
    """
    low, high = bounds
    bins = settings.bin_count or (high - low) / (settings.bin_width or 1.0) + 1
    if bins > MOST_LEVELS:
        raise Rejected("TOO_MANY_BINS", grey_levels=int(min(bins, 2.0**62)), largest=MOST_LEVELS)
    ends = np.array([low, high], np.float32 if single else np.float64)
    if settings.bin_width is not None:
        width = settings.bin_width
        edges = np.arange(ends[0] - ends[0] % width, ends[1] + 2 * width, width)
    else:
        edges = np.histogram_bin_edges(ends, settings.bin_count or 1)
        edges[-1] += 1
    edges = edges.astype(np.float64)
    levels, counts = _levels(values, edges, 1.0 / (edges[1] - edges[0]))
    present = np.flatnonzero(counts)
    return Levels(levels, present, counts[present], edges)


@njit(cache=True)
def _levels(
    values: NDArray[np.float64], edges: NDArray[np.float64], density: float
) -> tuple[NDArray[np.int32], NDArray[np.int64]]:
    """Number of edges that are not above each value, found from a guess; how often each number occurs."""
    levels = np.empty(values.size, np.int32)
    counts = np.zeros(edges.size + 1, np.int64)
    last = edges.size - 1
    for t in range(values.size):
        value = values[t]
        g = min(max(int((value - edges[0]) * density), 0), last)
        while g < last and value >= edges[g + 1]:
            g += 1
        while g > 0 and value < edges[g]:
            g -= 1
        levels[t] = g + 1
        counts[g + 1] += 1
    return levels, counts
