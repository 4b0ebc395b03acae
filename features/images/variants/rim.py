"""rim: the margin of the ROI, inside it."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from features.core.bounds import MarginMm
from features.core.kinds.variant import Mask, Variant
from features.core.region import Vector
from features.images.distance import depth_mm


class Rim(Variant):
    """Voxels of the ROI at most `margin_mm` from the nearest voxel outside it: with the core of that margin, the ROI."""

    kind: Literal["rim"] = "rim"
    margin_mm: MarginMm = Field(description="thickness of the rim in mm")

    def select(self, mask: Mask, spacing_mm: Vector, body: Mask | None) -> Mask:  # noqa: ARG002
        return mask & (depth_mm(mask, spacing_mm) <= self.margin_mm)
