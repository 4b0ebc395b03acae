"""gldm: grey level dependence matrix features."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, Literal

import numpy as np

from features.radiomics.dialects.roi import Roi
from features.radiomics.families.family import Family
from features.radiomics.ibsi import CODES
from features.radiomics.sizes import features_of, size_figures

NAMES = {
    "entropy": "DependenceEntropy",
    "sizes": "DependenceNonUniformity",
    "sizes_normalised": "DependenceNonUniformityNormalized",
    "size_variance": "DependenceVariance",
    "levels": "GrayLevelNonUniformity",
    "level_variance": "GrayLevelVariance",
    "high": "HighGrayLevelEmphasis",
    "large": "LargeDependenceEmphasis",
    "large_high": "LargeDependenceHighGrayLevelEmphasis",
    "large_low": "LargeDependenceLowGrayLevelEmphasis",
    "low": "LowGrayLevelEmphasis",
    "small": "SmallDependenceEmphasis",
    "small_high": "SmallDependenceHighGrayLevelEmphasis",
    "small_low": "SmallDependenceLowGrayLevelEmphasis",
}


class Gldm(Family):
    """Sun and Wee, Comput Vis Graph Image Process 1983;23:341. A voxel's size is one more than its dependent neighbours."""

    kind: Literal["gldm"] = "gldm"
    FEATURES: ClassVar = features_of(NAMES, CODES["gldm"], "voxels")

    def compute(self, roi: Roi) -> Mapping[str, float]:
        counts = roi.texture.dependents
        found = size_figures(counts[None], roi.texture.levels, np.arange(1, counts.shape[1] + 1))
        return {name: found[figure] for figure, name in NAMES.items()}
