"""Size matrices round every voxel (glrlm, glszm, gldm): the formulas of formulas/sizes.py on few levels.

Counts are whole numbers, and small: c log2 c of them stands in a table, so that an entropy costs no logarithm.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from features.core.compiled import njit

Ranks = NDArray[np.uint16]
Levels = NDArray[np.int32]
Known = NDArray[np.int32]
Reals = NDArray[np.float64]
Places = NDArray[np.int32]
FIGURES = 16


@njit(cache=True)
def _logarithms(most: int) -> Reals:
    """c log2 c of every c up to `most`."""
    table = np.zeros(most + 1)
    for c in range(2, most + 1):
        table[c] = c * math.log2(c)
    return table


@njit(cache=True)
def _add_figures(
    cells: Reals, levels: Levels, many: int, longest: int, table: Reals, of_size: Reals, of_level: Reals, one: Reals
) -> bool:
    """Add the figures, in the order of FIGURES, of the counts of each level and size; False where nothing is counted.

    cells: (levels, sizes from 1). table: c log2 c of whole counts; empty: counts are not whole.
    """
    total = level_mean = size_mean = entropy = 0.0
    small_all = large_all = low = high = small_low = small_high = large_low = large_high = 0.0
    of_size[:longest] = 0.0
    for i in range(many):
        line = small = large = 0.0
        for j in range(longest):
            count = cells[i, j]
            if count == 0.0:
                continue
            square = np.float64((j + 1) * (j + 1))
            line += count
            of_size[j] += count
            small += count / square
            large += count * square
            entropy += table[int(count)] if table.size else count * math.log2(count)
        level = np.float64(levels[i])
        square = level * level
        of_level[i] = line
        total += line
        level_mean += line * level
        small_all += small
        large_all += large
        low += line / square
        high += line * square
        small_low += small / square
        small_high += small * square
        large_low += large / square
        large_high += large * square
    if total == 0.0:
        return False
    level_mean /= total
    sizes_squared = levels_squared = size_variance = level_variance = 0.0
    for j in range(longest):
        size_mean += of_size[j] * (j + 1)
        sizes_squared += of_size[j] * of_size[j]
    size_mean /= total
    for j in range(longest):
        size_variance += of_size[j] * (j + 1 - size_mean) * (j + 1 - size_mean)
    for i in range(many):
        levels_squared += of_level[i] * of_level[i]
        level_variance += of_level[i] * (levels[i] - level_mean) * (levels[i] - level_mean)
    one[0] += small_all / total
    one[1] += large_all / total
    one[2] += levels_squared / total
    one[3] += levels_squared / (total * total)
    one[4] += sizes_squared / total
    one[5] += sizes_squared / (total * total)
    one[6] += 1 / size_mean
    one[7] += level_variance / total
    one[8] += size_variance / total
    one[9] += math.log2(total) - entropy / total
    one[10] += low / total
    one[11] += high / total
    one[12] += small_low / total
    one[13] += small_high / total
    one[14] += large_low / total
    one[15] += large_high / total
    return True


@njit(cache=True, nogil=True)
def dependences(ranks: Ranks, levels: Levels, known: Known, pairs: Places, most: int, dependence: int) -> Reals:
    """(V, 16): a voxel's size is one more than its neighbours that differ by `dependence` levels at most.

    pairs: (pairs, 2), places that are neighbours; most: neighbours that a voxel has.
    """
    voxels, size = ranks.shape
    found = np.full((voxels, FIGURES), math.nan)
    alike = np.zeros(size, np.int64)
    widest = known.max()
    cells = np.zeros((widest, most + 1))
    of_size, of_level, table = np.zeros(most + 1), np.zeros(widest), _logarithms(size)
    for v in range(voxels):
        own, present, many = ranks[v], levels[v], known[v]
        if many == 0:
            continue
        alike[:] = 0
        for q in range(pairs.shape[0]):
            a, b = np.uint64(pairs[q, 0]), np.uint64(pairs[q, 1])
            i, j = own[a], own[b]
            if i and j and (i == j or (dependence and abs(present[i - 1] - present[j - 1]) <= dependence)):
                alike[a] += 1
                alike[b] += 1
        cells[:many] = 0.0
        longest = 0
        for t in range(size):
            if own[t]:
                cells[own[t] - 1, alike[t]] += 1
                longest = max(longest, alike[t] + 1)
        found[v] = 0.0
        _add_figures(cells, present, many, longest, table, of_size, of_level, found[v])
    return found


@njit(cache=True, nogil=True)
def zones(ranks: Ranks, levels: Levels, known: Known, pairs: Places) -> Reals:
    """(V, 16): a zone is all voxels of one level that touch. pairs: (pairs, 2), places that touch."""
    voxels, size = ranks.shape
    found = np.full((voxels, FIGURES), math.nan)
    parent, voxels_of = np.zeros(size, np.int64), np.zeros(size, np.int64)
    widest = known.max()
    cells = np.zeros((widest, size))
    of_size, of_level, table = np.zeros(size), np.zeros(widest), _logarithms(size)
    for v in range(voxels):
        own, present, many = ranks[v], levels[v], known[v]
        if many == 0:
            continue
        for t in range(size):
            parent[t] = t
            voxels_of[t] = 1
        for q in range(pairs.shape[0]):
            a, b = np.int64(pairs[q, 0]), np.int64(pairs[q, 1])
            if own[a] == 0 or own[a] != own[b]:
                continue
            while parent[a] != a:
                parent[a] = parent[parent[a]]
                a = parent[a]
            while parent[b] != b:
                parent[b] = parent[parent[b]]
                b = parent[b]
            if a != b:
                low, high = min(a, b), max(a, b)
                parent[high] = low
                voxels_of[low] += voxels_of[high]
        longest = 0
        for t in range(size):
            if own[t] and parent[t] == t:
                longest = max(longest, voxels_of[t])
        cells[:many, :longest] = 0.0
        for t in range(size):
            if own[t] and parent[t] == t:
                cells[own[t] - 1, voxels_of[t] - 1] += 1
        found[v] = 0.0
        _add_figures(cells, present, many, longest, table, of_size, of_level, found[v])
    return found


@njit(cache=True, nogil=True)
def runs(
    ranks: Ranks,
    levels: Levels,
    known: Known,
    pairs: Places,
    begins: NDArray[np.int64],
    lines: Places,
    longest: int,
    weights: Reals,
) -> Reals:
    """(V, 16): the mean over directions along which some line has two voxels; NaN without any.

    pairs: (pairs, 2), places one step apart, direction by direction from begins[k]; lines: (directions, N), the number of
    the line that a place is on; longest: places on a line.
    weights: of directions whose runs are merged first; empty: figures of each direction are averaged.
    """
    voxels, size = ranks.shape
    found = np.full((voxels, FIGURES), math.nan)
    length = np.zeros(size, np.int64)
    widest = known.max()
    count = np.zeros(widest)
    cells, merged = np.zeros((widest, longest)), np.zeros((widest, longest))
    of_size, of_level, table, none = np.zeros(longest), np.zeros(widest), _logarithms(size), np.zeros(0)
    for v in range(voxels):
        own, present, many = ranks[v], levels[v], known[v]
        count[:many] = 0.0
        for t in range(size):
            if own[t]:
                count[own[t] - 1] += 1
        directions = 0
        merged[:many] = 0.0
        one = np.zeros(FIGURES)
        for k in range(begins.size - 1):
            cells[:many] = 0.0
            for i in range(many):
                cells[i, 0] = count[i]
            length[:] = 1
            lined = False
            for q in range(begins[k], begins[k + 1]):
                a, b = np.uint64(pairs[q, 0]), np.uint64(pairs[q, 1])
                rank = own[a]
                if rank == 0 or own[b] == 0:
                    continue
                lined = True
                if rank == own[b]:  # the run that ends at a takes in b, which was one by itself
                    n = length[a]
                    cells[rank - 1, n - 1] -= 1
                    cells[rank - 1, 0] -= 1
                    cells[rank - 1, n] += 1
                    length[b] = n + 1
            if not lined:
                length[:] = 0  # voxels on each line
                for t in range(size):
                    if own[t]:
                        length[lines[k, t]] += 1
                        lined |= length[lines[k, t]] > 1
            if not lined:
                continue
            directions += 1
            if weights.size:
                for i in range(many):
                    for j in range(longest):
                        merged[i, j] += weights[k] * cells[i, j]
            else:
                _add_figures(cells, present, many, longest, table, of_size, of_level, one)
        if directions == 0:
            continue
        if weights.size:
            _add_figures(merged, present, many, longest, none, of_size, of_level, one)
            directions = 1
        found[v] = one / directions
    return found
