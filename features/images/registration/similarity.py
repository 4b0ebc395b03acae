"""Similarity: how much the intensities of two images tell of each other where a transform puts them."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from features.images.registration.ready import Ready
from features.images.registration.transform import Transform

BINS = 32
SEED = 20261130


class Likeness(NamedTuple):
    """metric: mutual information in nats, higher is better; overlap: share of the points that lie in the moving image."""

    metric: float
    overlap: float


class Similarity:
    """Mutual information of a fixed and a moving image at some 40,000 places of the fixed one, the same ones every time.

    The places stand on a regular grid, each moved by a part of a voxel so that grids that fit leave no trace in the metric.
    It is computed apart from the optimiser's own, which is not trusted alone.
    """

    def __init__(self, fixed: Ready, moving: Ready, points: int = 40_000) -> None:
        step = max(1.0, (fixed.array.size / points) ** (1 / 3))
        axes = [np.arange(0, length, step) for length in fixed.array.shape[::-1]]
        index = np.stack([axis.ravel() for axis in np.meshgrid(*axes, indexing="ij")], axis=1)
        index += np.random.default_rng(SEED).uniform(-0.5, 0.5, index.shape) * step
        index = np.clip(index, 0, np.array(fixed.array.shape[::-1]) - 1)
        self.moving = moving
        self.points = fixed.places(index)
        self.values = fixed.values(self.points)

    def at(self, transform: Transform) -> Likeness:
        """transform: from points of the fixed image to those of the moving one."""
        other = self.moving.values(transform(self.points))
        inside = np.isfinite(other) & np.isfinite(self.values)
        overlap = float(inside.mean())
        if inside.sum() < BINS * BINS:
            return Likeness(0.0, overlap)
        return Likeness(_information(self.values[inside], other[inside]), overlap)


def _information(one: NDArray[np.float64], other: NDArray[np.float64]) -> float:
    """Mutual information of values between 0 and 1, in nats; each counts in the two bins that it lies between."""
    joint = np.zeros(BINS * BINS)
    (a, a_share), (b, b_share) = _binned(one), _binned(other)
    for i, u in ((a, 1 - a_share), (a + 1, a_share)):
        for j, v in ((b, 1 - b_share), (b + 1, b_share)):
            joint += np.bincount(i * BINS + j, u * v, BINS * BINS)
    table = joint.reshape(BINS, BINS) / joint.sum()
    product = table.sum(axis=1)[:, None] * table.sum(axis=0)
    known = table > 0
    return float(np.sum(table[known] * np.log(table[known] / product[known])))


def _binned(values: NDArray[np.float64]) -> tuple[NDArray[np.intp], NDArray[np.float64]]:
    places = np.clip(values, 0, 1) * (BINS - 1)
    low = np.minimum(places.astype(np.intp), BINS - 2)
    return low, places - low
