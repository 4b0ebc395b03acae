"""How trees grow, and how cases fall through them: compiled loops of the forest. Numbers are added one by one, in one order."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from features.core.compiled import njit

Floats = NDArray[np.float64]
Ints = NDArray[np.int32]

_STEP, _FIRST, _SECOND = np.uint64(0x9E3779B97F4A7C15), np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB)
_MORE = 1 + 1e-9  # gains closer than this are one: the first stands
_30, _27, _31, _32 = np.uint64(30), np.uint64(27), np.uint64(31), np.uint64(32)


@njit(cache=True)
def grow_trees(
    codes: Ints,
    values: Floats,
    weights: Floats,
    target: Floats,
    event: Floats,
    day: NDArray[np.intp],
    later: Floats,
    seeds: NDArray[np.uint64],
    tried: int,
    least: int,
) -> Any:
    """Trees on bootstrap samples: their nodes one after another, and how much each column takes away of the impurity.

    codes: (p, n) rank of each value in its column, equal values alike. values: (p, n) sorted values by rank. weights: (n,) of rows.
    target: (n, m) that leaves give the mean of. With follow-up day, (n,), is not empty: the rank of each row's day, ascending
    with the rows; event: (n,) 1 or 0; later: (days,) share of the days with events from this one on; target is then overwritten.
    seeds: (trees,). tried: columns that a split compares. least: rows in a leaf.
    Gives starts (trees + 1,), column (nodes,; −1 of a leaf), threshold (nodes,), left (nodes,; the right child follows),
    value (nodes, m) and importance (p,).
    """
    p, n = codes.shape
    m = target.shape[1]
    trees, most = len(seeds), 2 * n
    starts = np.zeros(trees + 1, np.int64)
    column, left = np.empty((trees, most), np.int32), np.empty((trees, most), np.int32)
    threshold, value = np.zeros((trees, most)), np.empty((trees, most, m))
    importance = np.zeros(p)

    drawn, weight, own = np.empty(n, np.int64), np.empty(n), np.empty(p)
    rows, spare, order = np.empty(n, np.int64), np.empty(n, np.int64), np.empty(n, np.int64)
    keys, bins = np.empty(n, np.int64), np.zeros(n + 1, np.int64)
    features, state = np.arange(p), np.empty(1, np.uint64)
    total, before = np.empty(m), np.empty(m)
    stack = np.empty((n + 2, 3), np.int64)

    for tree in range(trees):
        state[0] = seeds[tree]
        drawn[:] = 0
        for _ in range(n):
            drawn[_below(state, n)] += 1
        size = 0
        for row in range(n):
            if drawn[row]:
                rows[size] = row
                size += 1
            weight[row] = drawn[row] * weights[row]
        own[:] = 0.0
        nodes, depth = 1, 1
        stack[0, 0], stack[0, 1], stack[0, 2] = 0, 0, size
        while depth:
            depth -= 1
            node, start, stop = stack[depth, 0], stack[depth, 1], stack[depth, 2]
            inside = rows[start:stop]
            if len(day):
                expected = _score(inside, weight, event, day, later, target)
            mass = _sum(inside, weight, target, total)
            for j in range(m):
                value[tree, node, j] = expected if len(day) else total[j] / mass
            column[tree, node], left[tree, node] = -1, -1
            if stop - start < 2 * least or _is_pure(inside, target):
                continue
            best, best_column, low, high = 0.0, -1, 0, 0
            varied, seen = 0, 0
            while seen < p and (seen < tried or not varied):
                at = seen + _below(state, p - seen)
                features[seen], features[at] = features[at], features[seen]
                feature = features[seen]
                seen += 1
                ranks = codes[feature]
                if not _sort(inside, ranks, order, keys, bins):
                    continue
                varied += 1
                gain, one, other = _best_cut(order[: stop - start], ranks, weight, target, total, before, mass, least)
                if gain > best * _MORE:
                    best, best_column, low, high = gain, feature, one, other
            if best_column < 0:
                continue
            column[tree, node], left[tree, node] = best_column, nodes
            threshold[tree, node] = _middle(values[best_column, low], values[best_column, high])
            for j in range(m):
                best -= total[j] * total[j] / mass
            own[best_column] += max(best, 0.0)
            middle = _part(inside, codes[best_column], low, spare)
            stack[depth, 0], stack[depth, 1], stack[depth, 2] = nodes + 1, start + middle, stop
            stack[depth + 1, 0], stack[depth + 1, 1], stack[depth + 1, 2] = nodes, start, start + middle
            depth += 2
            nodes += 2
        starts[tree + 1] = starts[tree] + nodes
        whole = own.sum()
        if whole > 0:
            importance += own / whole

    count = starts[trees]
    all_columns, all_left = np.empty(count, np.int32), np.empty(count, np.int32)
    all_thresholds, all_values = np.empty(count), np.empty((count, m))
    for tree in range(trees):
        a, b = starts[tree], starts[tree + 1]
        all_columns[a:b], all_left[a:b] = column[tree, : b - a], left[tree, : b - a]
        all_thresholds[a:b], all_values[a:b] = threshold[tree, : b - a], value[tree, : b - a]
    return starts, all_columns, all_thresholds, all_left, all_values, importance


@njit(cache=True)
def draw_rows(seeds: NDArray[np.uint64], n: int) -> Ints:
    """How often each tree of these seeds drew each of n rows, (trees, n)."""
    drawn, state = np.zeros((len(seeds), n), np.int32), np.empty(1, np.uint64)
    for tree in range(len(seeds)):
        state[0] = seeds[tree]
        for _ in range(n):
            drawn[tree, _below(state, n)] += 1
    return drawn


@njit(cache=True)
def fall_through(
    X: Floats, starts: NDArray[np.int64], column: Ints, threshold: Floats, left: Ints, value: Floats
) -> Floats:
    """The mean over all trees of the leaf of each case, (n, m). X: (n, p)."""
    n, m, trees = len(X), value.shape[1], len(starts) - 1
    found = np.zeros((n, m))
    for row in range(n):
        for tree in range(trees):
            start = starts[tree]
            node = start
            while column[node] >= 0:
                node = start + left[node] + (X[row, column[node]] > threshold[node])
            for j in range(m):
                found[row, j] += value[node, j]
    return found / trees


@njit(cache=True)
def _below(state: NDArray[np.uint64], n: int) -> int:
    """A random number from 0 to n − 1, n < 2³² (SplitMix64: Steele et al., OOPSLA 2014;49:453)."""
    state[0] += _STEP
    z = state[0]
    z = (z ^ (z >> _30)) * _FIRST
    z = (z ^ (z >> _27)) * _SECOND
    z = z ^ (z >> _31)
    return int(((z >> _32) * np.uint64(n)) >> _32)


@njit(cache=True)
def _score(
    rows: NDArray[np.int64],
    weight: Floats,
    event: Floats,
    day: NDArray[np.intp],
    later: Floats,
    target: Floats,
) -> float:
    """Writes the log-rank scores of a node (events less the node's own cumulative hazard); the mean of that over days.

    rows: ascending in time. Sums of scores on one side are the observed less the expected events of the log-rank test.
    """
    at_risk = 0.0
    for row in rows:
        at_risk += weight[row]
    hazard, expected, i, n = 0.0, 0.0, 0, len(rows)
    while i < n:
        now, j, died, gone = day[rows[i]], i, 0.0, 0.0
        while j < n and day[rows[j]] == now:
            gone += weight[rows[j]]
            died += weight[rows[j]] * event[rows[j]]
            j += 1
        hazard += died / at_risk
        expected += died / at_risk * later[now]
        at_risk -= gone
        for k in range(i, j):
            target[rows[k], 0] = event[rows[k]] - hazard
        i = j
    return expected


@njit(cache=True)
def _sum(rows: NDArray[np.int64], weight: Floats, target: Floats, total: Floats) -> float:
    """Writes the weighted sums of the target; the sum of weights."""
    mass = 0.0
    total[:] = 0.0
    for row in rows:
        mass += weight[row]
        for j in range(len(total)):
            total[j] += weight[row] * target[row, j]
    return mass


@njit(cache=True)
def _is_pure(rows: NDArray[np.int64], target: Floats) -> bool:
    for row in rows[1:]:
        for j in range(target.shape[1]):
            if target[row, j] != target[rows[0], j]:
                return False
    return True


@njit(cache=True)
def _sort(
    rows: NDArray[np.int64], ranks: Ints, order: NDArray[np.int64], keys: NDArray[np.int64], bins: NDArray[np.int64]
) -> bool:
    """Writes the rows in the order of their ranks, equal ranks in the order of rows; False where all ranks are one."""
    n = len(rows)
    lowest = highest = np.int64(ranks[rows[0]])
    for row in rows:
        lowest, highest = min(lowest, np.int64(ranks[row])), max(highest, np.int64(ranks[row]))
    if lowest == highest:
        return False
    if highest - lowest < 4 * n:  # by counting
        width = highest - lowest + 1
        bins[: width + 1] = 0
        for row in rows:
            bins[ranks[row] - lowest + 1] += 1
        for i in range(width):
            bins[i + 1] += bins[i]
        for row in rows:
            at = ranks[row] - lowest
            order[bins[at]] = row
            bins[at] += 1
        return True
    for i in range(n):
        keys[i] = (np.int64(ranks[rows[i]]) << 32) | i
    keys[:n].sort()
    for i in range(n):
        order[i] = rows[keys[i] & 0xFFFFFFFF]
    return True


@njit(cache=True)
def _best_cut(
    order: NDArray[np.int64],
    ranks: Ints,
    weight: Floats,
    target: Floats,
    total: Floats,
    before: Floats,
    mass: float,
    least: int,
) -> tuple[float, int, int]:
    """The cut that leaves least variance, summed over the targets: its gain, and the ranks on both sides; 0 if there is none."""
    best, low, high = 0.0, 0, 0
    before[:] = 0.0
    light, n = 0.0, len(order)
    for i in range(n - least):
        row = order[i]
        light += weight[row]
        for j in range(len(total)):
            before[j] += weight[row] * target[row, j]
        if i + 1 < least or ranks[row] == ranks[order[i + 1]]:
            continue
        gain = 0.0
        for j in range(len(total)):
            rest = total[j] - before[j]
            gain += before[j] * before[j] / light + rest * rest / (mass - light)
        if gain > best * _MORE:
            best, low, high = gain, ranks[row], ranks[order[i + 1]]
    return best, low, high


@njit(cache=True)
def _middle(low: float, high: float) -> float:
    """Between two values: at least the lower, below the higher."""
    middle = 0.5 * low + 0.5 * high
    return middle if middle < high else low


@njit(cache=True)
def _part(rows: NDArray[np.int64], ranks: Ints, low: int, spare: NDArray[np.int64]) -> int:
    """Rows up to a rank first, each side in its order; how many these are."""
    size, rest = 0, 0
    for row in rows:
        if ranks[row] <= low:
            rows[size] = row
            size += 1
        else:
            spare[rest] = row
            rest += 1
    for i in range(rest):
        rows[size + i] = spare[i]
    return size
