"""patch: a box of voxels round the ROI, for 3D networks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from features.core.kinds.preparation import Preparation
from features.core.kinds.sampling import Shape
from features.core.quarantine import Warned
from features.core.region import Region, Vector
from features.deep.cubes import centre_of, extents_mm, spans_of
from features.deep.grid import Grid
from features.deep.looks import Looks, Margin, window_of
from features.deep.patch_sampling import PatchSampling, patch_at
from features.deep.resize import along, weights

CUT = 0.05  # share of the ROI's voxels


class Patch(PatchSampling, Looks):
    """One patch with the ROI in its middle. Of a ROI that is larger than a patch at a declared spacing, the middle is shown.

    Without a declared spacing the patch holds the ROI with its margin and is scaled to the size of the network, every axis alike,
    antialiased where it shrinks.
    """

    kind: Literal["patch"] = "patch"
    version: ClassVar[str] = "1"

    centre: Literal["box", "mass"] = Field(
        "box",
        exclude_if=lambda value: value == "box",
        description="the middle of a patch: that of the ROI's box, or the mean place of its voxels",
    )

    @property
    def views(self) -> tuple[str, ...]:
        spacing = "x".join(f"{one:g}" for one in self.spacing_mm) + "mm" if self.spacing_mm else ""
        words = (spacing.replace(".", "p"), self.orientation.lower(), "" if self.centre == "box" else self.centre)
        return tuple(self.worded(("",), *words))

    def channels(self, images: int) -> int:
        return images

    def fault(self, shape: Shape) -> str | None:
        if self.spacing_of(shape) and (self.margin or self.margin_mm):
            return f"{self.kind}: a margin is for patches that are scaled; this one has a declared spacing"
        return super().fault(shape)

    def reach_mm(self, extent_mm: Vector, spacing_mm: Vector, shape: Shape) -> Vector:
        spacing = self.spacing_of(shape)
        turned = self.is_turned(shape)
        if spacing is not None:
            return self.halves(
                [n * one for n, one in zip(reversed(shape.size), spacing, strict=True)], shape, spacing_mm
            )
        spare = max(spacing_mm)
        extents = [(max(extent_mm) if turned else one) + spare for one in reversed(extent_mm)]
        sides = [_sides(extents, margin, shape.size) for margin in self.margins]
        z, y, x = (max(one) for one in zip(*sides, strict=True))
        return self.halves((x, y, z), shape, spacing_mm)

    def sample(self, regions: Sequence[Region], preparation: Preparation, shape: Shape) -> NDArray[np.float32]:
        window = window_of(preparation)
        grids = self.grids_of(regions, shape)
        centres = [self._centre(grid) for grid in grids]
        spacing = self.spacing_of(shape)
        if spacing is not None:
            shown = [
                patch_at(grid, centre, spacing, shape.size, window, masked=self.masked)
                for grid, centre in zip(grids, centres, strict=True)
            ]
            return np.stack(shown)[None]
        found = []
        for margin in self.margins:
            sides = [_sides(extents_mm(grid), margin, shape.size) for grid in grids]
            largest = [max(one) for one in zip(*sides, strict=True)]
            shown = [
                _scaled(grid, centre, largest, shape.size, window, masked=self.masked)
                for grid, centre in zip(grids, centres, strict=True)
            ]
            found.append(np.stack(shown))
        return np.stack(found)

    def noticed(self, regions: Sequence[Region], shape: Shape) -> tuple[Warned, ...]:
        """PATCH_CUT where a twentieth of the ROI's voxels or more are outside."""
        spacing = self.spacing_of(shape)
        if spacing is None:
            return ()
        sides = [n * step for n, step in zip(shape.size, reversed(spacing), strict=True)]
        found = []
        for grid in self.grids_of(regions, shape):
            spans = spans_of(grid, self._centre(grid), sides)
            inside = tuple(slice(max(round(span.start), 0), max(round(span.stop), 0)) for span in spans)
            share = 1 - float(grid.roi[inside].sum()) / float(grid.roi[grid.box].sum())
            if share >= CUT:
                found.append(Warned("PATCH_CUT", details={"share_outside": round(share, 4)}))
        return tuple(found)

    def _centre(self, grid: Grid) -> Sequence[float]:
        """In voxels (z, y, x), of which the first reaches from 0 to 1."""
        if self.centre == "box":
            return centre_of(grid)
        places = np.nonzero(grid.roi[grid.box])
        return [part.start + float(one.mean()) + 0.5 for part, one in zip(grid.box, places, strict=True)]


def _sides(extents: Sequence[float], margin: Margin, size: Sequence[int]) -> list[float]:
    """Sides in mm of a patch of this size (z, y, x) that holds the ROI with its margin; its voxels are cubes."""
    longest = max(extents)
    around = [one + 2 * (margin.share * longest + margin.mm) for one in extents]
    voxel = max(one / new for one, new in zip(around, size, strict=True))
    return [voxel * new for new in size]


def _scaled(
    grid: Grid,
    centre: Sequence[float],
    sides: Sequence[float],
    size: Sequence[int],
    window: tuple[float, float],
    *,
    masked: bool,
) -> NDArray[np.float32]:
    """What lies in a box of these sides (z, y, x) in mm, in this size."""
    spans = spans_of(grid, centre, sides)
    (z, by_z), (y, by_y), (x, by_x) = (
        weights(span, count, new) for span, count, new in zip(spans, grid.roi.shape, size, strict=True)
    )
    pixels = grid.windowed((z, y, x), window, masked=masked)
    for axis, by in ((2, by_x), (1, by_y), (0, by_z)):
        pixels = along(pixels, by, axis)
    return pixels
