"""IBSI's families and features, by its own names; the values of `Family.by_ibsi` stand in their order.

Source: Zwanenburg et al., Image biomarker standardisation initiative, reference manual (arXiv:1612.07003).
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal, get_args

from features.radiomics.dialects.aggregation import DIRECTIONAL, UNDIRECTED, Aggregation, tag_of, word_of
from features.radiomics.dialects.feature import Feature, read_features

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
NAMES: tuple[FamilyName, ...] = get_args(FamilyName)
FEATURES: Mapping[str, tuple[Feature, ...]] = read_features("ibsi.csv")
# The family of ours, where its name is another one.
KINDS: Mapping[str, str] = {"morphology": "shape", "intensity_statistics": "firstorder", "ngldm": "gldm"}
SPHERE_MM = 10 * (3 / (4 * math.pi)) ** (1 / 3)  # radius of the spheres of 1 cm³ of local intensity (9ST6)
AGGREGATIONS: tuple[Aggregation, ...] = (*DIRECTIONAL, *UNDIRECTED)
_POSSIBLE: Mapping[str, Iterable[Aggregation]] = {
    **dict.fromkeys(("glcm", "glrlm"), DIRECTIONAL),
    **dict.fromkeys(("glszm", "gldzm", "ngtdm", "ngldm"), UNDIRECTED),
}
TEXTURES = frozenset(_POSSIBLE)


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


def entries(families: Iterable[FamilyName] = NAMES, aggregations: Iterable[Aggregation] = AGGREGATIONS) -> list[Entry]:
    """The features of the families, of each of its aggregations that is named, in their order."""
    wanted = tuple(aggregations)
    return [
        Entry(family, feature, aggregation)
        for family in families
        for aggregation in aggregations_of(family, wanted)
        for feature in FEATURES[family]
    ]


def aggregations_of(family: FamilyName, wanted: Iterable[Aggregation]) -> tuple[Aggregation | None, ...]:
    """Those of the wanted ones that a family has; None stands for the one way of what is no texture."""
    named = tuple(wanted)
    return tuple(one for one in _POSSIBLE[family] if one in named) if family in TEXTURES else (None,)
