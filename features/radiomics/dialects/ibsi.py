"""IBSI's families and features, by its own names; the values of `Family.by_ibsi` stand in their order.

Source: Zwanenburg et al., Image biomarker standardisation initiative, reference manual (arXiv:1612.07003).
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Annotated

from pydantic import WithJsonSchema

from features.radiomics.dialects.aggregation import DIRECTIONAL, UNDIRECTED, Aggregation, tag_of, word_of
from features.radiomics.dialects.feature import Feature, family_in, read_features, read_rows

FEATURES: Mapping[str, tuple[Feature, ...]] = read_features("ibsi.csv")
_FAMILIES = {row["family"]: row for row in read_rows("ibsi_families.csv")}
NAMES = tuple(_FAMILIES)
FamilyName = Annotated[str, family_in(NAMES), WithJsonSchema({"type": "string", "enum": list(NAMES)})]
KINDS: Mapping[str, str] = {name: row["kind"] for name, row in _FAMILIES.items()}  # the family of ours
OF_DERIVED = frozenset(name for name, row in _FAMILIES.items() if row["derived"] == "yes")  # also of derived images
SPHERE_MM = 10 * (3 / (4 * math.pi)) ** (1 / 3)  # radius of the spheres of 1 cm³ of local intensity (9ST6)
AGGREGATIONS: tuple[Aggregation, ...] = (*DIRECTIONAL, *UNDIRECTED)
_WAYS: Mapping[str, Iterable[Aggregation]] = {"directional": DIRECTIONAL, "undirected": UNDIRECTED}
_POSSIBLE = {name: _WAYS[row["aggregations"]] for name, row in _FAMILIES.items() if row["aggregations"]}
TEXTURES = frozenset(_POSSIBLE)


@dataclass(frozen=True, slots=True)
class Entry:
    """A feature of a family, of textures in one aggregation."""

    family: str
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


def entries(families: Iterable[str] = NAMES, aggregations: Iterable[Aggregation] = AGGREGATIONS) -> list[Entry]:
    """The features of the families, of each of its aggregations that is named, in their order."""
    wanted = tuple(aggregations)
    return [
        Entry(family, feature, aggregation)
        for family in families
        for aggregation in aggregations_of(family, wanted)
        for feature in FEATURES[family]
    ]


def aggregations_of(family: str, wanted: Iterable[Aggregation]) -> tuple[Aggregation | None, ...]:
    """Those of the wanted ones that a family has; None stands for the one way of what is no texture."""
    named = tuple(wanted)
    return tuple(one for one in _POSSIBLE[family] if one in named) if family in TEXTURES else (None,)
