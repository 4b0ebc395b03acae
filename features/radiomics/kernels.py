"""Kernels: the counts behind the texture families, each voxel's neighbourhood looked at as few times as possible.

Grids are flat, with a border of zeros as wide as the largest offset; zero is outside the ROI. `places` are the ROI's
voxels in such a grid, in their order; `steps` are offsets in it, of the forward half of a neighbourhood only. Places and
indices are unsigned where speed matters: nothing then has to ask whether an index is negative.
"""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

Grid = NDArray[np.uint16]
Places = NDArray[np.int32]
Steps = NDArray[np.int64]
Counts = NDArray[np.int64]
Links = NDArray[np.uint16]


@njit(cache=True)
def find_places(mask: NDArray[np.bool_], border: int, voxels: int) -> Places:
    """Where the voxels of a mask (z, y, x) are in a flat grid with a border."""
    places = np.empty(voxels + 1, np.int32)  # a voxel outside is written too, and then written over
    depth, height, width = mask.shape
    n = np.uint64(0)
    for z in range(depth):
        for y in range(height):
            start = ((z + border) * (height + 2 * border) + y + border) * (width + 2 * border) + border
            row = mask[z, y]
            for x in range(width):
                places[n] = start + x
                n += np.uint64(row[x])
    return places[:voxels]


@njit(cache=True)
def gather(image: NDArray[np.float64], mask: NDArray[np.bool_], voxels: int) -> NDArray[np.float64]:
    """Intensities of the voxels of a mask, both (z, y, x), in their order."""
    values = np.empty(voxels + 1)  # a voxel outside is written too, and then written over
    flat, inside = image.reshape(-1), mask.reshape(-1)
    n = np.uint64(0)
    for i in range(np.uint64(flat.size)):
        values[n] = flat[i]
        n += np.uint64(inside[i])
    return values[:voxels]


@njit(cache=True)
def fill(grid: Grid, places: Places, numbers: NDArray[np.int32]) -> None:
    """Write the numbers of the ROI's voxels into a grid."""
    for t in range(places.size):
        grid[np.uint64(places[t])] = numbers[t]


@njit(cache=True)
def any_ahead(ranks: Grid, places: Places, step: int) -> bool:
    """Whether some voxel has another one a step ahead."""
    for t in range(places.size):  # noqa: SIM110 - compiled
        if ranks[places[t] + step]:
            return True
    return False


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
def add_shells(
    levels: Grid, shape: NDArray[np.int64], border: int, distances: NDArray[np.int64], across: int
) -> NDArray[np.int32]:
    """Of each voxel of a grid (z, y, x) but its border: the sum of what lies at Chebyshev distances from it, in all directions.

    A shell is the box of its distance less the next smaller one. across: the axis along which nothing is a neighbour, or −1.
    """
    total = np.zeros(levels.size, np.int32)
    for distance in distances:
        _add_box(levels, shape, border, distance, across, np.int32(1), total)
        _add_box(levels, shape, border, distance - 1, across, np.int32(-1), total)
    return total


@njit(cache=True)
def _add_box(
    levels: Grid,
    shape: NDArray[np.int64],
    border: int,
    distance: int,
    across: int,
    sign: np.int32,
    total: NDArray[np.int32],
) -> None:
    """Add the sums of boxes of 2 × distance + 1 voxels along each axis, axis by axis: whole numbers add up in any order."""
    depth, height, width = shape[0], shape[1], shape[2]
    far_z, far_y = 0 if across == 0 else distance, 0 if across == 1 else distance
    far_x = 0 if across == 2 else distance
    plane, inner = height * width, width - 2 * border
    across_z = np.empty(plane, np.int32)  # sums along z of a plane; then along y of a row
    across_y = np.empty(width, np.int32)
    for z in range(border, depth - border):
        start = (z - far_z) * plane
        first = levels[start : start + plane]
        for i in range(plane):
            across_z[i] = first[i]
        for step in range(1, 2 * far_z + 1):
            another = levels[start + step * plane : start + (step + 1) * plane]
            for i in range(plane):
                across_z[i] += another[i]
        for y in range(border, height - border):
            row = across_z[(y - far_y) * width : (y - far_y + 1) * width]
            for x in range(width):
                across_y[x] = row[x]
            for step in range(1, 2 * far_y + 1):
                next_row = across_z[(y - far_y + step) * width : (y - far_y + step + 1) * width]
                for x in range(width):
                    across_y[x] += next_row[x]
            sums = total[(z * height + y) * width + border : (z * height + y) * width + border + inner]
            for step in range(-far_x, far_x + 1):
                shifted = across_y[border + step : border + step + inner]
                for x in range(inner):
                    sums[x] += sign * shifted[x]


@njit(cache=True)
def count_alike(levels: Grid, places: Places, steps: Steps, dependence: float) -> NDArray[np.uint16]:
    """Of each voxel of the grid: neighbours, on both sides of each step, whose levels differ by at most `dependence`."""
    alike = np.zeros(levels.size, np.uint16)
    for t in range(places.size):
        p = np.int64(places[t])
        for k in range(steps.size):
            for q in (p + steps[k], p - steps[k]):
                if levels[q] and abs(np.float64(levels[q]) - np.float64(levels[p])) <= dependence:
                    alike[p] += np.uint16(1)
    return alike


@njit(cache=True)
def count_dependence(ranks: Grid, places: Places, alike: NDArray[np.uint16], many: int, most: int) -> Counts:
    """(rank, dependent neighbours): voxels."""
    found = np.zeros((many, most + 1), np.int64)
    for t in range(places.size):
        p = np.uint64(places[t])
        found[np.uint64(ranks[p]) - np.uint64(1), np.uint64(alike[p])] += 1
    return found


@njit(cache=True)
def count_tones(
    ranks: Grid, levels: Grid, places: Places, total: NDArray[np.int32], number: NDArray[np.int32], many: int
) -> tuple[Counts, NDArray[np.float64]]:
    """Per rank: voxels, and the sum of |level − mean of the neighbours|, 0 without any. number: of neighbours."""
    voxels, difference = np.zeros(many, np.int64), np.zeros(many, np.float64)
    for t in range(places.size):
        p = np.uint64(places[t])
        a = np.uint64(ranks[p]) - np.uint64(1)
        voxels[a] += 1
        if number[p] > 0:
            difference[a] += abs(np.float64(levels[p]) - np.float64(total[p]) / np.float64(number[p]))
    return voxels, difference


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


@njit(cache=True)
def find_zones(
    ranks: Grid, places: Places, steps: Steps, links: Links, fewer: Links, first: NDArray[np.uint8]
) -> tuple[Counts, Counts]:
    """Rank and number of voxels of each zone. fewer: the links that have to be followed."""
    label = np.empty(ranks.size, np.int32)
    parent, size = np.empty(places.size, np.int32), np.empty(places.size, np.int32)
    rank = np.empty(places.size, np.uint16)
    labels = 0
    for t in range(places.size):
        p = np.uint64(places[t])
        bits = fewer[links[p]]
        if bits == 0:
            label[p] = parent[labels] = labels
            size[labels], rank[labels] = 1, ranks[p]
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
    found, voxels = np.empty(zones, np.int64), np.empty(zones, np.int64)
    zones = 0
    for k in range(labels):
        if size[k]:
            found[zones], voxels[zones] = rank[k], size[k]
            zones += 1
    return found, voxels
