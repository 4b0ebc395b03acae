"""PeerTrees: trees that scikit-learn grew, as arrays: they predict to the bit what it does, and need it no more."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from features.core.compiled import njit

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class PeerTrees:
    """Nodes of all trees, one tree after another.

    starts: (trees + 1,) where each begins. column: (nodes,) what a node asks, −1 of a leaf. threshold: (nodes,); cases at it or
    below go left. left, right: (nodes,) children, counted within the tree. value: (nodes, m). Values are compared in single
    precision, as the trees grew.
    """

    starts: Ints
    column: Ints
    threshold: Floats
    left: Ints
    right: Ints
    value: Floats

    @classmethod
    def of(cls, trees: Iterable[Any]) -> PeerTrees:
        """Of `tree_` of estimators."""
        own = list(trees)
        column = np.concatenate([tree.feature for tree in own]).astype(np.int64)
        return cls(
            starts=np.cumsum([0, *(tree.node_count for tree in own)]).astype(np.int64),
            column=np.where(column < 0, -1, column),
            threshold=np.concatenate([tree.threshold for tree in own]).astype(np.float64),
            left=np.concatenate([tree.children_left for tree in own]).astype(np.int64),
            right=np.concatenate([tree.children_right for tree in own]).astype(np.int64),
            value=np.concatenate([tree.value[:, :, 0] for tree in own]).astype(np.float64),
        )

    def __len__(self) -> int:
        return len(self.starts) - 1

    def each(self, X: Floats) -> Floats:
        """The value of the leaf that each case falls into, of every tree: (trees, n, m). X: (n, p) finite."""
        found = _leaves(single(X), self.starts, self.column, self.threshold, self.left, self.right)
        return np.asarray(self.value[found], np.float64)


def single(X: Floats) -> NDArray[np.float32]:
    """Values as trees of scikit-learn see them: in single precision, those beyond its range at its ends."""
    ends = np.finfo(np.float32)
    return np.ascontiguousarray(np.clip(X, ends.min, ends.max), np.float32)


@njit(cache=True)
def _leaves(X: NDArray[np.float32], starts: Ints, column: Ints, threshold: Floats, left: Ints, right: Ints) -> Ints:
    """The leaf of each case in each tree, (trees, n), counted over all trees."""
    trees, n = len(starts) - 1, len(X)
    found = np.empty((trees, n), np.int64)
    for tree in range(trees):
        start = starts[tree]
        for row in range(n):
            node = start
            while column[node] >= 0:
                goes_left = np.float64(X[row, column[node]]) <= threshold[node]
                node = start + (left[node] if goes_left else right[node])
            found[tree, row] = node
    return found
