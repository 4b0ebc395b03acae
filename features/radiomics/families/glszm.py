"""glszm: grey level size zone matrix features."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, Literal

from features.radiomics.dialects.roi import Roi
from features.radiomics.families.family import Family
from features.radiomics.ibsi import CODES
from features.radiomics.sizes import features_of, size_figures
from features.radiomics.voxels.zones import count_zones

NAMES = {
    "levels": "GrayLevelNonUniformity",
    "levels_normalised": "GrayLevelNonUniformityNormalized",
    "level_variance": "GrayLevelVariance",
    "high": "HighGrayLevelZoneEmphasis",
    "large": "LargeAreaEmphasis",
    "large_high": "LargeAreaHighGrayLevelEmphasis",
    "large_low": "LargeAreaLowGrayLevelEmphasis",
    "low": "LowGrayLevelZoneEmphasis",
    "sizes": "SizeZoneNonUniformity",
    "sizes_normalised": "SizeZoneNonUniformityNormalized",
    "small": "SmallAreaEmphasis",
    "small_high": "SmallAreaHighGrayLevelEmphasis",
    "small_low": "SmallAreaLowGrayLevelEmphasis",
    "entropy": "ZoneEntropy",
    "percentage": "ZonePercentage",
    "size_variance": "ZoneVariance",
}


class Glszm(Family):
    """Thibault et al., 2009. A zone is all voxels of one level that touch (26 neighbours); its size their number."""

    kind: Literal["glszm"] = "glszm"
    FEATURES: ClassVar = features_of(NAMES, CODES["glszm"], "zones of one level")

    def compute(self, roi: Roi) -> Mapping[str, float]:
        zones, levels = roi.texture.zones(), roi.texture.levels
        sizes, counts = count_zones(zones.rank, zones.size, len(levels))
        found = size_figures(counts, levels, sizes)
        return {name: found[figure] for figure, name in NAMES.items()}
