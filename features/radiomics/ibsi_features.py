"""compute_ibsi_features: the features of IBSI-1 of a prepared image."""

from __future__ import annotations

import math
from collections.abc import Sequence

from features.core.region import Region
from features.radiomics.dialects.aggregation import Aggregation
from features.radiomics.dialects.ibsi import (
    AGGREGATIONS,
    FEATURES,
    KINDS,
    NAMES,
    TEXTURES,
    aggregations_of,
    entries,
)
from features.radiomics.dialects.roi import IbsiRoi
from features.radiomics.dialects.settings import IbsiSettings
from features.radiomics.families.family import FAMILIES


def compute_ibsi_features(
    region: Region,
    settings: IbsiSettings,
    *,
    families: Sequence[str] = NAMES,
    aggregations: Sequence[Aggregation] = AGGREGATIONS,
) -> dict[str, float]:
    """Each feature by its name, in the order of `entries`; NaN where it is undefined.

    A feature that is averaged over slices or directions is averaged over those for which it is defined. Of an ROI of one
    grey level no texture is: the formulas give numbers that measure nothing.
    Raises RadweaveError where settings do not fit the intensities, Rejected(TOO_MANY_BINS).
    """
    roi = IbsiRoi(region, settings)
    values: list[float] = []
    for family in families:
        ways = aggregations_of(family, aggregations)
        if family in TEXTURES and len(roi.levels.present) == 1:
            values += [math.nan] * len(ways) * len(FEATURES[family])
            continue
        found = FAMILIES.parse(KINDS[family]).by_ibsi(roi, aggregations)
        values += [value for way in ways for value in found[way]]
    names = (entry.name for entry in entries(families, aggregations))
    return {name: float(value) if math.isfinite(value) else math.nan for name, value in zip(names, values, strict=True)}
