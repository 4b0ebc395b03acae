"""whole: the ROI as it is."""

from __future__ import annotations

from typing import Literal

from features.core.kinds.variant import Mask, Variant
from features.core.region import Vector


class Whole(Variant):
    """The ROI as it was drawn, which is what a recipe measures unless it says otherwise."""

    kind: Literal["whole"] = "whole"

    def select(self, mask: Mask, spacing_mm: Vector, body: Mask | None) -> Mask:  # noqa: ARG002
        return mask
