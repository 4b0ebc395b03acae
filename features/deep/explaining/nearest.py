"""Nearest: the training cases that a network takes for most alike."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Neighbours:
    """positions: (k,) of training rows, the nearest first. distances: (k,) theirs, in standard deviations of a feature.

    usual: how many of the training cases are at least as far from their own nearest other as this case from its first, as a share;
    near 0: it is like none that trained.
    """

    positions: NDArray[np.intp]
    distances: Floats
    usual: float


class Space:
    """The features of training cases, each scaled by its mean and spread over these; features that none varies in are left out."""

    def __init__(self, training: Floats, groups: NDArray[np.str_]) -> None:
        """training: (n, k). groups: (n,) whose rows they are: rows of one group are never neighbours of each other.

        Raises ValueError for fewer than two rows without a gap, or no feature that varies.
        """
        self._rows = np.flatnonzero(np.isfinite(training).all(axis=1))
        known = training[self._rows]
        if len(known) < 2:
            raise ValueError(f"{len(known)} training cases have all features: neighbours need two at least")
        self._mean, spread = known.mean(axis=0), known.std(axis=0)
        self._varies = spread > 1e-12 * max(float(np.abs(known).max()), 1e-300)
        if not self._varies.any():
            raise ValueError("no feature varies over the training cases")
        self._spread, self._groups = spread, groups[self._rows]
        self._known = self._scaled(known)
        own = np.array([self._to(one, group)[0] for one, group in zip(self._known, self._groups, strict=True)])
        self._own = own[np.isfinite(own)]

    def nearest(self, features: Floats, group: str, count: int) -> Neighbours:
        """Of a case, (k,), among the training cases of other groups than its own. Raises ValueError for a gap in its features."""
        if not np.isfinite(features).all():
            raise ValueError("the case lacks some of the features")
        distances = self._all(self._scaled(features[None])[0], group)
        order = np.argsort(distances, kind="stable")[:count]
        order = order[np.isfinite(distances[order])]
        usual = float((self._own >= distances[order[0]]).mean()) if len(order) and len(self._own) else float("nan")
        return Neighbours(self._rows[order], distances[order], usual)

    def _scaled(self, rows: Floats) -> Floats:
        found: Floats = ((rows - self._mean)[:, self._varies]) / self._spread[self._varies]
        return found

    def _all(self, one: Floats, group: str) -> Floats:
        """Root mean squares of differences, endless of rows of the same group."""
        found = np.sqrt(((self._known - one) ** 2).mean(axis=1))
        return np.where(self._groups == group, np.inf, found)

    def _to(self, one: Floats, group: str) -> Floats:
        return np.sort(self._all(one, group))
