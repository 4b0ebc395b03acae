"""glrlm: grey level run length matrix features, averaged over directions (or of the weighted sum of directions)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from features.radiomics.dialects.roi import Roi
from features.radiomics.families.family import Family
from features.radiomics.ibsi import CODES
from features.radiomics.sizes import features_of, size_figures
from features.radiomics.voxels.weights import weights_along

NAMES = {
    "levels": "GrayLevelNonUniformity",
    "levels_normalised": "GrayLevelNonUniformityNormalized",
    "level_variance": "GrayLevelVariance",
    "high": "HighGrayLevelRunEmphasis",
    "large": "LongRunEmphasis",
    "large_high": "LongRunHighGrayLevelEmphasis",
    "large_low": "LongRunLowGrayLevelEmphasis",
    "low": "LowGrayLevelRunEmphasis",
    "entropy": "RunEntropy",
    "sizes": "RunLengthNonUniformity",
    "sizes_normalised": "RunLengthNonUniformityNormalized",
    "percentage": "RunPercentage",
    "size_variance": "RunVariance",
    "small": "ShortRunEmphasis",
    "small_high": "ShortRunHighGrayLevelEmphasis",
    "small_low": "ShortRunLowGrayLevelEmphasis",
}


class Glrlm(Family):
    """Galloway, Comput Graph Image Process 1975;4:172. The size of a run is its number of voxels."""

    kind: Literal["glrlm"] = "glrlm"
    FEATURES: ClassVar = features_of(NAMES, CODES["glrlm"], "runs of one level")

    def compute(self, roi: Roi) -> Mapping[str, float]:
        lattice = roi.lattice
        counts: NDArray[np.int64] | NDArray[np.float64] = roi.texture.runs(lattice.lined)
        if roi.settings.weighting is not None:
            offsets = [lattice.near[number] for number in lattice.lined]
            weights = weights_along(offsets, roi.spacing_mm, roi.settings.weighting, "glrlm")
            counts = (counts * weights[:, None, None]).sum(axis=0, keepdims=True)
        found = size_figures(counts, roi.texture.levels, np.arange(1, counts.shape[2] + 1))
        return {name: found[figure] for figure, name in NAMES.items()}
