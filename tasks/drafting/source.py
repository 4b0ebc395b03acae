"""SourceDraft: one entry of a cohort's images, as it is to be written, and what recipes and the screen need of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from features.core.case import Modality, Unit
from features.core.region import Vector
from tasks.drafting.commented import plain

CENTRE = "main"  # the only centre, where nothing tells several


@dataclass
class SourceDraft:
    """values: the keys of the catalog, some with remarks. spacing_mm: median of the `looked` images whose grid was read.

    images: how many there are. places: the ids of their patients, to compare with those of tables, and a path of each
    image; neither is ever written. shown: the pattern of the paths.
    """

    values: dict[str, Any]
    modality: Modality
    unit: Unit
    spacing_mm: Vector
    looked: int
    images: int
    places: Mapping[str, set[str]]
    shown: str

    @property
    def images_of_it(self) -> list[str]:
        """The words of its images; none if it has none."""
        found = plain(self.values.get("image", []))
        return [found] if isinstance(found, str) else list(found)

    @property
    def regions(self) -> list[str]:
        """The words of its regions; none if they have none."""
        mask = plain(self.values.get("mask", {}))
        return list(mask.get("rois", ())) if isinstance(mask, Mapping) else []

    @property
    def patients(self) -> frozenset[str]:
        """The ids of the patients."""
        return frozenset(self.places)
