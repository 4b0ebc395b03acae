"""Curves of leaves: how the training cases of a survival forest's leaves fared, averaged over its trees."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from features.core.compiled import njit
from features.core.outcome import Outcome
from tasks.modelling.prediction import Incidence, curve_days
from tasks.modelling.solvers.baseline import causes_of
from tasks.modelling.solvers.forest import Forest, tree_seeds
from tasks.modelling.solvers.tree_growth import draw_rows

Floats = NDArray[np.float64]
Ints = NDArray[np.int32]


@dataclass(frozen=True, eq=False)
class LeafCurves:
    """Who trained which leaf of a forest, n training rows in the order of time.

    drawn: (trees, n) how often each tree drew a row. leaf: (trees, n) where the row falls, counted within the tree. code: (n,)
    0 censored, or the cause. rank: (n,) of the row's time, equal ones alike. days: (k,) at which curves step, and their ranks.
    """

    drawn: Ints
    leaf: Ints
    code: NDArray[np.int64]
    rank: NDArray[np.int64]
    days: Floats
    days_rank: NDArray[np.int64]
    causes: int

    def incidence(self, forest: Forest, X: Floats) -> Incidence:
        """The mean over trees of the incidence in the leaf of each case. X: (n, p) finite.

        In a leaf it is Aalen and Johansen's estimate; of one cause 1 less that of Kaplan and Meier, as scikit-survival's forests
        have it. Aalen & Johansen, Scand J Stat 1978;5:141.
        """
        leaf = _leaves(np.ascontiguousarray(X, np.float64), forest)
        value = _mean_curves(leaf, self.drawn, self.leaf, self.code, self.rank, self.days_rank, self.causes)
        return Incidence(self.days, np.minimum(value, 1.0))


def leaf_curves(forest: Forest, X: Floats, outcome: Outcome, seed: int) -> LeafCurves:
    """Of a survival forest that grew on these rows with this seed."""
    assert outcome.days is not None
    order = np.argsort(outcome.days, kind="stable")
    times, rank = np.unique(outcome.days[order], return_inverse=True)
    days = curve_days(outcome.days[outcome.flag])
    return LeafCurves(
        drawn=draw_rows(tree_seeds(seed, len(forest.starts) - 1), len(X)),
        leaf=_leaves(np.ascontiguousarray(X[order], np.float64), forest),
        code=outcome.code[order].astype(np.int64),
        rank=rank.astype(np.int64),
        days=days,
        days_rank=np.searchsorted(times, days).astype(np.int64),
        causes=causes_of(outcome),
    )


def _leaves(X: Floats, forest: Forest) -> Ints:
    return np.asarray(_leaves_of(X, forest.starts, forest.column, forest.threshold, forest.left))


@njit(cache=True)
def _leaves_of(X: Floats, starts: NDArray[np.int64], column: Ints, threshold: Floats, left: Ints) -> Ints:
    """The leaf of each case in each tree, (trees, n), counted within the tree. X: (n, p)."""
    trees, n = len(starts) - 1, len(X)
    found = np.empty((trees, n), np.int32)
    for tree in range(trees):
        start = starts[tree]
        for row in range(n):
            node = start
            while column[node] >= 0:
                node = start + left[node] + (X[row, column[node]] > threshold[node])
            found[tree, row] = node - start
    return found


@njit(cache=True)
def _mean_curves(
    asked: Ints,
    drawn: Ints,
    leaf: Ints,
    code: NDArray[np.int64],
    rank: NDArray[np.int64],
    days_rank: NDArray[np.int64],
    causes: int,
) -> Floats:
    """The mean over trees of the incidence of each cause, (n, causes, k), in the leaves that are asked for, (trees, n)."""
    trees, n = asked.shape
    m, k = len(code), len(days_rank)
    nodes = leaf.max() + 1
    found, curve = np.zeros((n, causes, k)), np.empty((nodes, causes, k))
    starts, rows, is_asked = np.empty(nodes + 1, np.int64), np.empty(m, np.int64), np.empty(nodes, np.bool_)
    for tree in range(trees):
        own, times = leaf[tree], drawn[tree]
        starts[:], is_asked[:] = 0, False
        for case in range(n):
            is_asked[asked[tree, case]] = True
        for row in range(m):
            starts[own[row] + 1] += 1
        for node in range(nodes):
            starts[node + 1] += starts[node]
        for row in range(m):  # by leaf, in the order of time within it
            rows[starts[own[row]]] = row
            starts[own[row]] += 1
        start = 0
        for node in range(nodes):
            stop = starts[node]
            if is_asked[node]:
                _curve(rows[start:stop], times, code, rank, days_rank, curve[node])
            start = stop
        for case in range(n):
            node = asked[tree, case]
            for cause in range(causes):
                into, one = found[case, cause], curve[node, cause]
                for day in range(k):
                    into[day] += one[day]
    found /= trees
    return found


@njit(cache=True)
def _curve(
    rows: NDArray[np.int64],
    times: Ints,
    code: NDArray[np.int64],
    rank: NDArray[np.int64],
    days_rank: NDArray[np.int64],
    curve: Floats,
) -> None:
    """Writes the incidence of each cause among rows in the order of time, (causes, k). times: how often a row counts."""
    causes, k = curve.shape
    at_risk, free, day, i = 0.0, 1.0, 0, 0
    for row in rows:
        at_risk += times[row]
    share, events = np.zeros(causes), np.zeros(causes)
    while i < len(rows):
        now, gone, died = rank[rows[i]], 0.0, 0.0
        while i < len(rows) and rank[rows[i]] == now:
            row = rows[i]
            gone += times[row]
            if code[row]:
                events[code[row] - 1] += times[row]
                died += times[row]
            i += 1
        if died > 0.0:
            while day < k and days_rank[day] < now:
                for cause in range(causes):
                    curve[cause, day] = share[cause]
                day += 1
            for cause in range(causes):
                share[cause] += free * events[cause] / at_risk
                events[cause] = 0.0
            free *= 1.0 - died / at_risk
        at_risk -= gone
    for cause in range(causes):
        curve[cause, day:] = share[cause]
