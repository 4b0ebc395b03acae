"""compute_features: the features of IBSI-1 of a prepared image; their table for dictionaries and listings."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Literal, get_args

from features.core.region import Region
from features.radiomics.dialects.roi import IbsiRoi
from features.radiomics.dialects.settings import IbsiSettings
from features.radiomics.ibsi1 import (
    glcm,
    gldzm,
    glrlm,
    glszm,
    intensity_histogram,
    intensity_statistics,
    intensity_volume_histogram,
    local_intensity,
    morphology,
    ngldm,
    ngtdm,
)
from features.radiomics.ibsi1.feature import DIRECTIONAL, UNDIRECTED, Aggregation, Feature, tag_of, word_of

FamilyName = Literal[
    "morphology",
    "local_intensity",
    "intensity_statistics",
    "intensity_histogram",
    "intensity_volume_histogram",
    "glcm",
    "glrlm",
    "glszm",
    "gldzm",
    "ngtdm",
    "ngldm",
]
FAMILIES: tuple[FamilyName, ...] = get_args(FamilyName)
AGGREGATIONS: tuple[Aggregation, ...] = (*DIRECTIONAL, *UNDIRECTED)

_WHOLE: dict[FamilyName, Callable[[IbsiRoi], list[float]]] = {
    "morphology": morphology.compute,
    "local_intensity": local_intensity.compute,
    "intensity_statistics": intensity_statistics.compute,
    "intensity_histogram": intensity_histogram.compute,
    "intensity_volume_histogram": intensity_volume_histogram.compute,
}
_TEXTURE: dict[FamilyName, Callable[[IbsiRoi, Sequence[Aggregation]], dict[Aggregation, list[float]]]] = {
    "glcm": glcm.compute,
    "glrlm": glrlm.compute,
    "glszm": glszm.compute,
    "gldzm": gldzm.compute,
    "ngtdm": ngtdm.compute,
    "ngldm": ngldm.compute,
}
FEATURES: dict[FamilyName, tuple[Feature, ...]] = {
    "morphology": morphology.FEATURES,
    "local_intensity": local_intensity.FEATURES,
    "intensity_statistics": intensity_statistics.FEATURES,
    "intensity_histogram": intensity_histogram.FEATURES,
    "intensity_volume_histogram": intensity_volume_histogram.FEATURES,
    "glcm": glcm.FEATURES,
    "glrlm": glrlm.FEATURES,
    "glszm": glszm.FEATURES,
    "gldzm": gldzm.FEATURES,
    "ngtdm": ngtdm.FEATURES,
    "ngldm": ngldm.FEATURES,
}


@dataclass(frozen=True, slots=True)
class Entry:
    """A feature of a family, of textures in one aggregation."""

    family: FamilyName
    feature: Feature
    aggregation: Aggregation | None

    @property
    def name(self) -> str:
        """Such as `glcm_joint_maximum_3d_avg`, `morphology_volume`."""
        words = [self.family, self.feature.name]
        return "_".join([*words, word_of(self.aggregation)] if self.aggregation else words)

    @property
    def tag(self) -> str:
        """As IBSI's reference tables have it: `cm_joint_max_3D_avg`."""
        return f"{self.feature.tag}_{tag_of(self.aggregation)}" if self.aggregation else self.feature.tag


def entries(
    families: Iterable[FamilyName] = FAMILIES, aggregations: Iterable[Aggregation] = AGGREGATIONS
) -> list[Entry]:
    """What `compute_features` gives, in its order."""
    wanted = tuple(aggregations)
    return [
        Entry(family, feature, aggregation)
        for family in families
        for aggregation in (_of(family, wanted) if family in _TEXTURE else (None,))
        for feature in FEATURES[family]
    ]


def compute_features(
    region: Region,
    settings: IbsiSettings,
    *,
    families: Sequence[FamilyName] = FAMILIES,
    aggregations: Sequence[Aggregation] = AGGREGATIONS,
) -> dict[str, float]:
    """Each feature by its name; NaN where it is undefined.

    A feature that is averaged over slices or directions is averaged over those for which it is defined. Of an ROI of one
    grey level no texture is: the formulas give numbers that measure nothing.
    Raises RadweaveError where settings do not fit the intensities, Rejected(TOO_MANY_BINS).
    """
    roi = IbsiRoi(region, settings)
    values: list[float] = []
    for family in families:
        if family in _WHOLE:
            values += _WHOLE[family](roi)
        else:
            wanted = _of(family, aggregations)
            if len(roi.levels.present) == 1:
                values += [math.nan] * len(wanted) * len(FEATURES[family])
                continue
            found = _TEXTURE[family](roi, wanted)
            values += [value for aggregation in wanted for value in found[aggregation]]
    names = (entry.name for entry in entries(families, aggregations))
    return {name: float(value) if math.isfinite(value) else math.nan for name, value in zip(names, values, strict=True)}


def _of(family: FamilyName, wanted: Sequence[Aggregation]) -> list[Aggregation]:
    possible = DIRECTIONAL if family in ("glcm", "glrlm") else UNDIRECTED
    return [aggregation for aggregation in possible if aggregation in wanted]
