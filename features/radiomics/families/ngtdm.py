"""ngtdm: neighbourhood grey tone difference matrix: how levels differ from the mean level of the neighbours. IBSI: IPET.

In pyradiomics voxels without a neighbour in the ROI count too, and figures that would be divided by zero are 0, or 1,000,000
for coarseness. In IBSI the one do not count and the other are undefined.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from features.radiomics.dialects.aggregation import Aggregation
from features.radiomics.dialects.roi import IbsiRoi, Roi
from features.radiomics.families.family import Family
from features.radiomics.formulas.slices import Values
from features.radiomics.voxels.matrix import average
from features.radiomics.voxels.texture import Texture


class Ngtdm(Family):
    """Amadasun and King, IEEE Trans Syst Man Cybern 1989;19:1264."""

    kind: Literal["ngtdm"] = "ngtdm"

    def by_pyradiomics(self, roi: Roi) -> Mapping[str, float]:
        [(_, difference)] = roi.texture.tones([roi.lattice.places])
        found = _figures(roi.texture.levels, roi.levels.counts, difference)
        return {
            "Busyness": 0.0 if math.isnan(found.busyness) else found.busyness,
            "Coarseness": 1e6 if math.isnan(found.coarseness) else found.coarseness,
            "Complexity": found.complexity,
            "Contrast": 0.0 if math.isnan(found.contrast) else found.contrast,
            "Strength": 0.0 if math.isnan(found.strength) else found.strength,
        }

    def by_ibsi(self, roi: IbsiRoi, wanted: Sequence[Aggregation]) -> Values:
        found: Values = {}
        if "2D" in wanted:
            lattice = roi.flat_texture.lattice
            ends = np.flatnonzero(np.diff(lattice.slices_of(lattice.places))) + 1
            found["2D"] = average(_figures_of(roi.flat_texture, np.split(lattice.places, ends)))
        if "2.5D" in wanted:
            [found["2.5D"]] = _figures_of(roi.flat_texture, [roi.flat_texture.lattice.places])
        if "3D" in wanted:
            [found["3D"]] = _figures_of(roi.texture, [roi.texture.lattice.places])
        return found


class Tones(NamedTuple):
    """The figures of a matrix, in IBSI's order; NaN where they would be divided by zero."""

    coarseness: float
    contrast: float
    busyness: float
    complexity: float
    strength: float


def _figures_of(texture: Texture, groups: Sequence[NDArray[np.int32]]) -> list[list[float]]:
    """Figures of the voxels at each group of places that have a neighbour; NaN without any."""
    found = []
    for voxels, difference in texture.tones(groups):
        there = voxels > 0
        figures = _figures(texture.levels[there], voxels[there], difference[there]) if there.any() else [math.nan] * 5
        found.append(list(figures))
    return found


def _figures(levels: NDArray[np.float64], voxels: NDArray[np.int64], difference: NDArray[np.float64]) -> Tones:
    """Figures of (K,) levels, of how many voxels have each, and of the sum of their differences to their neighbours."""
    count = float(voxels.sum())
    i, p, s = levels, voxels / count, difference
    pairs = len(i) * (len(i) - 1)
    weighted, summed = p * s, float(s.sum())
    apart, both = np.abs(i[:, None] - i[None, :]), p[:, None] + p[None, :]
    coarse = float(weighted.sum())
    complexity = apart * (weighted[:, None] + weighted[None, :]) / both
    return Tones(
        coarseness=_ratio(1.0, coarse),
        contrast=_ratio(float((p[:, None] * p[None, :] * apart**2).sum()) * summed / count, pairs),
        busyness=_ratio(coarse, float(np.abs((i * p)[:, None] - (i * p)[None, :]).sum())),
        complexity=float(complexity.sum()) / count,
        strength=_ratio(float((both * apart**2).sum()), summed),
    )


def _ratio(above: float, below: float) -> float:
    return above / below if below else math.nan
