"""NGTDM: neighbourhood grey tone difference matrix (IBSI IPET): how levels differ from the mean level around them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from features.radiomics.ibsi1.feature import Aggregation, Feature
from features.radiomics.ibsi1.matrix import average
from features.radiomics.ibsi1.neighbours import look_around
from features.radiomics.ibsi1.roi import IbsiRoi

FEATURES = (
    Feature("coarseness", "QCDE", "ngt_coarseness", "1 by the sum of p(i) · s(i)"),
    Feature("contrast", "65HE", "ngt_contrast", "mean of (i − j)² over pairs of levels, times the mean difference"),
    Feature("busyness", "NQ30", "ngt_busyness", "sum of p(i) · s(i) by the sum of |i · p(i) − j · p(j)|"),
    Feature(
        "complexity",
        "HDEZ",
        "ngt_complexity",
        "sum of |i − j| · (p(i) · s(i) + p(j) · s(j)) / (p(i) + p(j)), by the number of voxels",
    ),
    Feature("strength", "1X9X", "ngt_strength", "sum of (p(i) + p(j)) · (i − j)² by the sum of s(i)"),
)


def compute(roi: IbsiRoi, wanted: Sequence[Aggregation]) -> dict[Aggregation, list[float]]:
    """Values of FEATURES by aggregation. Voxels without a neighbour in the ROI do not count."""
    found: dict[Aggregation, list[float]] = {}
    if "2D" in wanted or "2.5D" in wanted:
        means, _ = look_around(roi.level_line, roi.places, roi.neighbours(flat=True), 0)
        slices = roi.slice_of(roi.places)
        if "2D" in wanted:
            found["2D"] = average(
                [tone_features(roi.levels[slices == z], means[slices == z]) for z in roi.places_of_slice]
            )
        if "2.5D" in wanted:
            found["2.5D"] = tone_features(roi.levels, means)
    if "3D" in wanted:
        means, _ = look_around(roi.level_line, roi.places, roi.neighbours(flat=False), 0)
        found["3D"] = tone_features(roi.levels, means)
    return found


def tone_features(levels: NDArray[np.int64], means: NDArray[np.float64]) -> list[float]:
    """Values of FEATURES from each voxel's level and the mean level of its neighbours, NaN where it has none."""
    valid = ~np.isnan(means)
    if not valid.any():
        return [float("nan")] * len(FEATURES)
    levels, means = levels[valid], means[valid]
    present, places, counts = np.unique(levels, return_inverse=True, return_counts=True)
    s = np.bincount(places, np.abs(levels - means))
    i, p = present.astype(np.float64), counts / len(levels)
    pairs = len(present) * (len(present) - 1)
    squared = (i[:, None] - i[None, :]) ** 2
    weighted, differing = float((p * s).sum()), float(s.sum())
    spread = float(np.abs((i * p)[:, None] - (i * p)[None, :]).sum())
    both = p[:, None] + p[None, :]
    complexity = np.sqrt(squared) * ((p * s)[:, None] + (p * s)[None, :]) / both
    return [
        _ratio(1.0, weighted),
        _ratio(float((p[:, None] * p[None, :] * squared).sum()) * differing / len(levels), pairs),
        _ratio(weighted, spread),
        float(complexity.sum()) / len(levels),
        _ratio(float((both * squared).sum()), differing),
    ]


def _ratio(above: float, below: float) -> float:
    return above / below if below > 0 else float("nan")
