"""Zones: connected voxels of one grey level."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from features.core.compiled import njit
from features.radiomics.voxels.grid import Counts, Grid, Links, Places, Steps


class Zones(NamedTuple):
    """Of each zone: its rank, its number of voxels, the place of its first one.

    label: of each voxel's place in the grid, what parent leads on from to the zone; other places have none. parent: of
    each label another one of the same zone, or itself, of one label a zone, in the order of the zones.
    """

    rank: Counts
    size: Counts
    start: Places
    label: Places
    parent: Places


@njit(cache=True)
def find_zones(
    ranks: Grid, places: Places, steps: Steps, links: Links, fewer: Links, first: NDArray[np.uint8]
) -> Zones:
    """The zones. fewer: the links that have to be followed."""
    label = np.empty(ranks.size, np.int32)
    parent, size = np.empty(places.size, np.int32), np.empty(places.size, np.int32)
    rank, start = np.empty(places.size, np.uint16), np.empty(places.size, np.int32)
    labels = 0
    for t in range(places.size):
        p = np.uint64(places[t])
        bits = fewer[links[p]]
        if bits == 0:
            label[p] = parent[labels] = labels
            size[labels], rank[labels], start[labels] = 1, ranks[p], places[t]
            labels += 1
            continue
        low = np.int32(-1)
        while bits:
            root = label[p - np.uint64(steps[np.uint64(first[bits])])]
            bits &= np.uint16(bits - 1)
            while parent[root] != root:
                parent[root] = parent[parent[root]]
                root = parent[root]
            if low < 0:
                low = root
            elif root != low:
                high, low = max(root, low), min(root, low)
                parent[high] = low
                size[low] += size[high]
                size[high] = 0
        label[p] = low
        size[low] += 1
    zones = 0
    for k in range(labels):
        zones += size[k] > 0
    found, voxels, begin = np.empty(zones, np.int64), np.empty(zones, np.int64), np.empty(zones, np.int32)
    zones = 0
    for k in range(labels):
        if size[k]:
            found[zones], voxels[zones], begin[zones] = rank[k], size[k], start[k]
            zones += 1
    return Zones(found, voxels, begin, label, parent[:labels])


@njit(cache=True)
def least_of_zones(zones: Zones, places: Places, values: NDArray[np.int32]) -> Counts:
    """The least of the values (of the grid) in each zone."""
    least = np.full(zones.parent.size, 2**31 - 1, np.int64)
    for place in places:
        root = zones.label[place]
        while zones.parent[root] != root:
            root = zones.parent[root]
        least[root] = min(least[root], values[place])
    found = np.empty(zones.rank.size, np.int64)
    n = 0
    for k in range(zones.parent.size):
        if zones.parent[k] == k:
            found[n] = least[k]
            n += 1
    return found


@njit(cache=True)
def count_zones(rank: Counts, voxels: Counts, many: int) -> tuple[Counts, Counts]:
    """(sizes,), (1, ranks, sizes): the sizes that zones have, rising, and how many zones of each rank have each of them."""
    column = np.zeros(voxels.max() + 1, np.int64)
    for size in voxels:
        column[size] = 1
    sizes = np.flatnonzero(column)
    for j in range(sizes.size):
        column[sizes[j]] = j
    counts = np.zeros((1, many, sizes.size), np.int64)
    for t in range(voxels.size):
        counts[0, rank[t] - 1, column[voxels[t]]] += 1
    return sizes, counts
