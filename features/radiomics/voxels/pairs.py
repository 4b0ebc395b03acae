"""Pairs: how often grey levels lie one step apart."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from features.core.compiled import njit
from features.radiomics.voxels.grid import Grid, Places, Steps


@njit(cache=True)
def count_pairs(ranks: Grid, places: Places, steps: Steps, many: int) -> NDArray[np.int32]:
    """(rank, rank ahead, steps): how often each pair of ranks (0: outside) lies one step apart; `many` ranks."""
    pairs = np.zeros((many + 1, many + 1, steps.size), np.int32)
    for t in range(places.size):  # all steps of a voxel in turn: their counters do not wait for one another
        p = np.uint64(places[t])
        row = pairs[np.uint64(ranks[p])]
        for k in range(steps.size):
            row[np.uint64(ranks[p + np.uint64(steps[k])]), np.uint64(k)] += np.int32(1)
    return pairs
