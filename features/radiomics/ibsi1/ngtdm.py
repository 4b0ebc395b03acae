"""NGTDM: neighbourhood grey tone difference matrix (IBSI IPET): how levels differ from the mean level around them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from features.radiomics.dialects.roi import IbsiRoi
from features.radiomics.ibsi1.feature import Aggregation, Feature
from features.radiomics.ibsi1.matrix import average
from features.radiomics.voxels.texture import Texture

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

    def tones(texture: Texture, groups: Sequence[NDArray[np.int32]]) -> list[list[float]]:
        return [tone_features(texture.levels, *counts) for counts in texture.tones(groups)]

    if "2D" in wanted:
        lattice = roi.flat_texture.lattice
        ends = np.flatnonzero(np.diff(lattice.slices_of(lattice.places))) + 1
        found["2D"] = average(tones(roi.flat_texture, np.split(lattice.places, ends)))
    if "2.5D" in wanted:
        [found["2.5D"]] = tones(roi.flat_texture, [roi.flat_texture.lattice.places])
    if "3D" in wanted:
        [found["3D"]] = tones(roi.texture, [roi.texture.lattice.places])
    return found


def tone_features(
    levels: NDArray[np.float64], voxels: NDArray[np.int64], difference: NDArray[np.float64]
) -> list[float]:
    """Values of FEATURES. Of each level: how many voxels have a neighbour, and their summed differences to the means."""
    there = voxels > 0
    if not there.any():
        return [float("nan")] * len(FEATURES)
    i, s, number = levels[there], difference[there], int(voxels.sum())
    p = voxels[there] / number
    pairs = len(i) * (len(i) - 1)
    squared = (i[:, None] - i[None, :]) ** 2
    weighted, differing = float((p * s).sum()), float(s.sum())
    spread = float(np.abs((i * p)[:, None] - (i * p)[None, :]).sum())
    both = p[:, None] + p[None, :]
    complexity = np.sqrt(squared) * ((p * s)[:, None] + (p * s)[None, :]) / both
    return [
        _ratio(1.0, weighted),
        _ratio(float((p[:, None] * p[None, :] * squared).sum()) * differing / number, pairs),
        _ratio(weighted, spread),
        float(complexity.sum()) / number,
        _ratio(float((both * squared).sum()), differing),
    ]


def _ratio(above: float, below: float) -> float:
    return above / below if below > 0 else float("nan")
