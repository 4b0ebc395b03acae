"""Forest: trees on bootstrap samples, of numbers, classes, labels or follow-up."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tasks.modelling.solvers.tree_growth import fall_through, grow_trees

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Forest:
    """Nodes of all trees, one tree after another.

    starts: (trees + 1,) where each begins. column: (nodes,) what a node asks, −1 of a leaf. threshold: (nodes,); cases above
    go right. left: (nodes,) the left child, counted within the tree; the right one follows it. value: (nodes, m).
    importance: (p,) share of the impurity that each column takes away; sums to 1, or all 0 without any split.
    """

    starts: NDArray[np.int64]
    column: NDArray[np.int32]
    threshold: Floats
    left: NDArray[np.int32]
    value: Floats
    importance: Floats

    def predict(self, X: Floats) -> Floats:
        """The mean over trees of the leaf that each case falls into, (n, m). X: (n, p) finite."""
        X = np.ascontiguousarray(X, np.float64)
        return np.asarray(fall_through(X, self.starts, self.column, self.threshold, self.left, self.value))


def grow_forest(
    X: Floats, target: Floats, *, weights: Floats | None = None, trees: int, tried: int, least: int, seed: int
) -> Forest:
    """Trees that part cases so that the variance of the target falls most; leaves give its mean.

    X: (n, p) finite. target: (n, m): one number, or 0 and 1 of each class or label; the summed variance of classes is the
    Gini impurity. weights: (n,) above 0. tried: how many columns, drawn at random, a split compares (more while none of them
    varies). least: distinct cases that a leaf needs. Equal input gives equal bytes on any processor; values only count by their
    order. Breiman, Mach Learn 2001;45:5.
    """
    n = len(X)
    weights = np.ones(n) if weights is None else weights
    return _grow(X, np.array(target, np.float64), weights, None, trees, tried, least, seed)


def grow_survival_forest(
    X: Floats, event: NDArray[np.bool_], time: Floats, *, trees: int, tried: int, least: int, seed: int
) -> Forest:
    """Trees that part cases by log-rank scores, taken anew in each node; leaves give the mean of their cumulative hazard.

    The score of a case is its event less the cumulative hazard of the node until its day; a cut is taken where the squared sum
    of scores, by their permutation variance, is highest. The value (m = 1) is the mean of the leaf's cumulative hazard over
    the days with an event of all training rows: the order of Ishwaran's sum, on a scale that does not grow with the cases.
    X: (n, p) finite. Raises ValueError without any event.
    Ishwaran et al., Ann Appl Stat 2008;2:841; Hothorn & Lausen, Comput Stat Data Anal 2003;43:121.
    """
    if not event.any():
        raise ValueError("a survival forest needs at least one event")
    return _grow(X, np.zeros((len(X), 1)), np.ones(len(X)), (event, time), trees, tried, least, seed)


def _grow(
    X: Floats,
    target: Floats,
    weights: Floats,
    followed: tuple[NDArray[np.bool_], Floats] | None,
    trees: int,
    tried: int,
    least: int,
    seed: int,
) -> Forest:
    order = np.arange(len(X))
    day, later, event = np.empty(0, np.intp), np.empty(0), np.empty(0)
    if followed is not None:
        died, time = followed
        order = np.argsort(time, kind="stable")
        days, day = np.unique(time[order], return_inverse=True)
        event = died[order].astype(np.float64)
        has_event = np.zeros(len(days))
        has_event[day[died[order]]] = 1.0
        later = np.ascontiguousarray(has_event[::-1].cumsum()[::-1]) / has_event.sum()
    codes, values = _ranked(X[order])
    seeds = tree_seeds(seed, trees)
    starts, column, threshold, left, value, importance = grow_trees(
        codes, values, weights[order], target[order], event, day.astype(np.intp), later, seeds, tried, least
    )
    whole = importance.sum()
    share = importance / whole if whole > 0 else importance
    return Forest(starts, column, threshold, left, value, share)


def tree_seeds(seed: int, trees: int) -> NDArray[np.uint64]:
    """What each tree of a forest draws its rows and columns by, (trees,)."""
    return np.random.SeedSequence(seed).generate_state(trees, np.uint64).astype(np.uint64)


def _ranked(X: Floats) -> tuple[NDArray[np.int32], Floats]:
    """Rank of each value in its column, equal values alike, and the value of each rank, both (p, n)."""
    rows = np.ascontiguousarray(X.T)
    order = np.argsort(rows, axis=1, kind="stable")
    ordered = np.take_along_axis(rows, order, axis=1)
    steps = np.zeros(rows.shape, np.int32)
    np.cumsum(ordered[:, 1:] != ordered[:, :-1], axis=1, out=steps[:, 1:])
    codes, values = np.empty(rows.shape, np.int32), np.zeros(rows.shape)
    np.put_along_axis(codes, order, steps, axis=1)
    np.put_along_axis(values, steps.astype(np.intp), ordered, axis=1)
    return codes, values
