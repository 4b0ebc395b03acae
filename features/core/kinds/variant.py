"""Variant: which voxels are measured instead of the ROI itself, such as the tissue around it. A recipe names one."""

from __future__ import annotations

from abc import abstractmethod

import numpy as np
from numpy.typing import NDArray

from features.core.kinds.registry import Kind, Registry
from features.core.region import Vector

Mask = NDArray[np.bool_]


class Variant(Kind):
    """Turns the mask of a ROI into another mask on the same grid. Frozen settings; equal masks give equal variants."""

    @property
    def reach_mm(self) -> float:
        """How far the variant looks beyond the ROI."""
        return 0.0

    @property
    def body_above(self) -> float | None:
        """Intensity above which a voxel belongs to the body; None: what lies outside the body is not looked at."""
        return None

    @abstractmethod
    def select(self, mask: Mask, spacing_mm: Vector, body: Mask | None) -> Mask:
        """The voxels that are measured, possibly none. mask, body: (z, y, x); body only where `body_above` is given."""


VARIANTS: Registry[Variant] = Registry(Variant, "features.images.variants")
