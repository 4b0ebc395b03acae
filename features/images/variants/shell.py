"""shell: the tissue round the ROI."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from features.core.bounds import MarginMm
from features.core.kinds.variant import Mask, Variant
from features.core.region import Vector
from features.images.distance import distance_mm, within


class Shell(Variant):
    """Voxels outside the ROI, at most `thickness_mm` from its nearest voxel, inside the body if that is asked for."""

    kind: Literal["shell"] = "shell"
    thickness_mm: MarginMm = Field(description="thickness of the shell in mm")
    body_hu: float | None = Field(None, description="HU above which a voxel is of the body, such as -300; CT only")

    @property
    def reach_mm(self) -> float:
        return self.thickness_mm

    @property
    def body_above(self) -> float | None:
        return self.body_hu

    def select(self, mask: Mask, spacing_mm: Vector, body: Mask | None) -> Mask:
        return within(body, ~mask & (distance_mm(mask, spacing_mm) <= self.thickness_mm))
