"""sliding: boxes of voxels side by side over the ROI, for 3D networks, their vectors joined."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from features.core.kinds.preparation import Preparation
from features.core.kinds.sampling import Shape
from features.core.memory import claim_honest
from features.core.region import Region, Vector
from features.deep.cubes import centre_of
from features.deep.looks import window_of
from features.deep.patch_sampling import PatchSampling, patch_at
from features.deep.tiling import Tiling, centres_of, with_roi


class Sliding(PatchSampling, Tiling):
    """Patches that cover the ROI's box, of which those count that hold a voxel of the ROI.

    Without a declared spacing they have the voxels of the prepared region. On further images the patches lie where they lie on
    the first, from the middle of the ROI.
    """

    kind: Literal["sliding"] = "sliding"
    version: ClassVar[str] = "1"

    @property
    def views(self) -> tuple[str, ...]:
        spacing = "x".join(f"{one:g}" for one in self.spacing_mm) + "mm" if self.spacing_mm else ""
        return tuple(self.worded(spacing.replace(".", "p"), self.orientation.lower()))

    def channels(self, images: int) -> int:
        return images

    def reach_mm(self, extent_mm: Vector, spacing_mm: Vector, shape: Shape) -> Vector:  # noqa: ARG002
        spacing = self.spacing_of(shape) or ((max(spacing_mm),) * 3 if self.is_turned(shape) else spacing_mm)
        return self.halves([n * one for n, one in zip(reversed(shape.size), spacing, strict=True)], shape, spacing_mm)

    def sample(self, regions: Sequence[Region], preparation: Preparation, shape: Shape) -> NDArray[np.float32]:
        window = window_of(preparation)
        grids = self.grids_of(regions, shape)
        first = grids[0]
        spacing = self.spacing_of(shape) or first.spacing_mm
        steps = np.array(first.spacing_mm[::-1])
        sides = np.array(shape.size) * np.array(spacing[::-1]) / steps
        starts, extents = [part.start for part in first.box], [part.stop - part.start for part in first.box]
        centres = self.chosen(
            with_roi(first.roi, centres_of(starts, extents, sides.tolist(), self.stride), sides.tolist())
        )
        from_middle = (centres - centre_of(first)) * steps
        claim_honest(8 * len(from_middle) * len(grids) * math.prod(shape.size))  # and once more, joined
        found = []
        for offset in from_middle:
            shown = [
                patch_at(
                    grid,
                    (np.array(centre_of(grid)) + offset / np.array(grid.spacing_mm[::-1])).tolist(),
                    spacing,
                    shape.size,
                    window,
                    masked=self.masked,
                )
                for grid in grids
            ]
            found.append(np.stack(shown))
        return np.stack(found)
