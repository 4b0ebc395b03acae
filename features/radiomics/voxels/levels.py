"""levels: the grey levels of a ROI, by bins between edges (pyradiomics) or by steps from an origin (IBSI)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from features.core.compiled import njit
from features.core.errors import RadweaveError
from features.core.kinds.preparation import FixedBinCount, FixedBinWidth
from features.core.quarantine import Rejected

MOST_LEVELS = 1 << 15
MOST_DIFFERENT = 1024  # grey levels by steps: a co-occurrence matrix has the square of it


@dataclass(frozen=True, eq=False)
class Levels:
    """Grey levels of a ROI.

    values: int32, of each voxel inside the mask in the order of the array, from 1. present: the levels that occur, in
    order (K); counts: how many voxels have each of them (K).
    """

    values: NDArray[np.int32]
    present: NDArray[np.int64]
    counts: NDArray[np.int64]


def levels_between_edges(
    values: NDArray[np.float64],
    bounds: tuple[float, float],
    *,
    bin_width: float | None = None,
    bin_count: int | None = None,
    single: bool = False,
) -> Levels:
    """Levels of the values by bins [edge, next edge); the first one holds the minimum.

    bounds: the lowest and the highest value. Bins of a width begin at multiples of it. single: edges are in single
    precision, as numpy has them for such values. Raises Rejected(TOO_MANY_BINS) if they would be more than 32,768.
    """
    low, high = bounds
    bins = bin_count or (high - low) / (bin_width or 1.0) + 1
    if bins > MOST_LEVELS:
        raise Rejected("TOO_MANY_BINS", grey_levels=int(min(bins, 2.0**62)), largest=MOST_LEVELS)
    ends = np.array([low, high], np.float32 if single else np.float64)
    if bin_width is not None:
        edges = np.arange(ends[0] - ends[0] % bin_width, ends[1] + 2 * bin_width, bin_width)
    else:
        edges = np.histogram_bin_edges(ends, bin_count or 1)
        edges[-1] += 1
    edges = edges.astype(np.float64)
    levels, counts = _levels(values, edges, 1.0 / (edges[1] - edges[0]))
    present = np.flatnonzero(counts)
    return Levels(levels, present, counts[present])


def levels_by_steps(
    values: NDArray[np.float64], how: FixedBinWidth | FixedBinCount | None, origin: float | None
) -> Levels:
    """The levels of `steps_from`. Raises as it does, and Rejected(TOO_MANY_BINS) for one above 32,768 or 1,024 different."""
    steps = steps_from(values, how, origin)
    highest = int(steps.max())
    if highest > MOST_LEVELS:
        raise Rejected("TOO_MANY_BINS", grey_levels=highest, largest=MOST_LEVELS)
    counts = np.bincount(steps)
    present = np.flatnonzero(counts)
    if len(present) > MOST_DIFFERENT:
        raise Rejected("TOO_MANY_BINS", grey_levels=len(present), largest=MOST_DIFFERENT)
    return Levels(steps.astype(np.int32), present, counts[present])


def steps_from(
    values: NDArray[np.float64], how: FixedBinWidth | FixedBinCount | None, origin: float | None
) -> NDArray[np.int64]:
    """Grey levels from 1. Bins of a width begin at `origin`, or at the lowest value where it is None.

    Raises RadweaveError if levels are wanted as they are (`how` None) and values are not whole numbers from 1, or if some
    lie below the first bin.
    """
    low, high = float(values.min()), float(values.max())
    if how is None:
        if low < 1 or not (values == np.floor(values)).all():
            raise RadweaveError("intensities that are not whole numbers from 1 need a bin width or a number of bins")
        levels = values.astype(np.int64)
    elif isinstance(how, FixedBinWidth):
        if origin is not None and low < origin:
            raise RadweaveError(f"intensities from {low:g} lie below the first bin, which begins at {origin:g}")
        levels = np.floor((values - (low if origin is None else origin)) / how.bin_width).astype(np.int64) + 1
    elif high == low:
        levels = np.ones(len(values), np.int64)
    else:
        levels = np.floor(how.bin_count * (values - low) / (high - low)).astype(np.int64) + 1
        levels = np.minimum(levels, how.bin_count)
    return levels


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
