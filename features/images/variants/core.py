"""core: the ROI without its margin."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from features.core.bounds import MarginMm
from features.core.kinds.variant import Mask, Variant
from features.core.region import Vector
from features.images.distance import depth_mm


class Core(Variant):
    """Voxels of the ROI that lie deeper than `margin_mm`: further than that from the nearest voxel outside the ROI."""

    kind: Literal["core"] = "core"
    margin_mm: MarginMm = Field(description="thickness of the margin that is left out, in mm")

    def select(self, mask: Mask, spacing_mm: Vector, body: Mask | None) -> Mask:  # noqa: ARG002
        return depth_mm(mask, spacing_mm) > self.margin_mm
