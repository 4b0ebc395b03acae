"""Runs: voxels of one grey level in a row; which neighbours are of the same level, which zones are found by too."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from features.core.compiled import njit
from features.radiomics.voxels.grid import Counts, Grid, Links, Places, Steps


@njit(cache=True)
def link_alike(ranks: Grid, rows: Places, width: int, steps: Steps) -> Links:
    """Of each voxel in the rows of `width` that begin at `rows`: bit k is set if the voxel one step k behind is its like."""
    links = np.zeros(ranks.size, np.uint16)
    for r in range(rows.size):
        start = rows[r]
        own, bits = ranks[start : start + width], links[start : start + width]
        for k in range(steps.size):
            behind = ranks[start - steps[k] : start - steps[k] + width]
            bit = np.uint16(1 << k)
            for x in range(width):
                bits[x] |= bit * np.uint16(own[x] == behind[x])
    return links


@njit(cache=True)
def count_runs(
    ranks: Grid, places: Places, steps: Steps, links: Links, first: NDArray[np.uint8], many: int, longest: int
) -> tuple[NDArray[np.int32], NDArray[np.uint8]]:
    """(rank, n, steps): voxels that have n likes behind them in their run, n from 1; and of each voxel of the grid how many
    voxels one step away are its likes.
    """
    window = 1
    for step in steps:
        while window <= step:
            window *= 2
    nth = np.zeros((window, steps.size), np.uint16)  # of the last voxels: no step leads further back
    alike = np.zeros(ranks.size, np.uint8)
    counts = np.zeros((many, longest + 1, steps.size), np.int32)
    for t in range(places.size):
        p = np.uint64(places[t])
        bits = links[p]
        own = nth[p & np.uint64(window - 1)]
        own[:] = 0
        if bits:
            table = counts[np.uint64(ranks[p]) - np.uint64(1)]
            while bits:
                k = np.uint64(first[bits])
                bits &= np.uint16(bits - 1)
                q = p - np.uint64(steps[k])
                n = nth[q & np.uint64(window - 1), k] + np.uint16(1)
                own[k] = n
                table[np.uint64(n), k] += np.int32(1)
                alike[p] += np.uint8(1)
                alike[q] += np.uint8(1)
    return counts, alike


@njit(cache=True)
def order_runs(nth: NDArray[np.int32], voxels: Counts, lined: NDArray[np.intp]) -> Counts:
    """(chosen steps, rank, n): runs of n + 1 voxels, of voxels that have n likes behind them (rank, n, steps), as in
    `count_runs`, and of how many voxels each rank has: as many runs are longer than n as have an n-th voxel more.
    """
    many, longest = nth.shape[0], nth.shape[1] - 1
    runs = np.empty((lined.size, many, longest), np.int64)
    for k in range(lined.size):
        for i in range(many):
            begun = voxels[i]  # those without a like behind them begin their run
            for n in range(1, longest + 1):
                begun -= nth[i, n, lined[k]]
            for n in range(longest):
                more = np.int64(nth[i, n + 1, lined[k]])
                runs[k, i, n] = begun - more
                begun = more
    return runs
