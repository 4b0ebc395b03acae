"""ngtdm: neighbouring grey tone difference matrix features."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, Literal

import numpy as np

from features.radiomics.dialects.roi import Roi
from features.radiomics.families.family import Family, Feature
from features.radiomics.ibsi import CODES

_FORMULAS = {
    "Busyness": "sum of p(i) s(i) over the sum of |i p(i) − j p(j)|",
    "Coarseness": "1 / sum of p(i) s(i), at most 1,000,000",
    "Complexity": "mean over voxels of |i − j| (p(i) s(i) + p(j) s(j)) / (p(i) + p(j)), summed over pairs of levels",
    "Contrast": "mean squared difference of pairs of levels times the mean of s",
    "Strength": "sum of (p(i) + p(j)) (i − j)² over the sum of s(i)",
}


class Ngtdm(Family):
    """Amadasun and King, IEEE Trans Syst Man Cybern 1989;19:1264. s(i): summed difference to the mean of neighbours.

    Where a figure would be divided by zero it has the value that IBSI gives it: 0, and 1,000,000 for coarseness.
    """

    kind: Literal["ngtdm"] = "ngtdm"
    FEATURES: ClassVar = tuple(Feature(n, CODES["ngtdm"].get(n, ""), text) for n, text in _FORMULAS.items())

    def compute(self, roi: Roi) -> Mapping[str, float]:
        voxels = roi.levels.counts  # those without a neighbour too: they differ from none
        [(_, difference)] = roi.texture.tones([roi.lattice.places])
        count = float(voxels.sum())
        i, p, s = roi.texture.levels, voxels / count, difference
        many = len(i)
        pairs = many * (many - 1)
        weighted, summed = p * s, float(s.sum())
        apart = np.abs(i[:, None] - i[None, :])
        busy = float(np.abs((i * p)[:, None] - (i * p)[None, :]).sum())
        coarse = float(weighted.sum())
        complexity = apart * (weighted[:, None] + weighted[None, :]) / (p[:, None] + p[None, :])
        strength = float(((p[:, None] + p[None, :]) * apart**2).sum())
        return {
            "Busyness": coarse / busy if busy else 0.0,
            "Coarseness": 1 / coarse if coarse else 1e6,
            "Complexity": float(complexity.sum()) / count,
            "Contrast": float((p[:, None] * p[None, :] * apart**2).sum()) * summed / count / pairs if pairs else 0.0,
            "Strength": strength / summed if summed else 0.0,
        }
