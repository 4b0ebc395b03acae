"""largest_slice: the ROI in the one slice where it is largest."""

from __future__ import annotations

from typing import Literal

import numpy as np

from features.core.kinds.variant import Mask, Variant
from features.core.region import Vector


class LargestSlice(Variant):
    """The slice (along z) in which the ROI has most voxels; the first of several."""

    kind: Literal["largest_slice"] = "largest_slice"

    def select(self, mask: Mask, spacing_mm: Vector, body: Mask | None) -> Mask:  # noqa: ARG002
        found = np.zeros_like(mask)
        z = int(np.argmax(mask.sum(axis=(1, 2))))
        found[z] = mask[z]
        return found
