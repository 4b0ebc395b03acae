"""tiles: squares side by side over the ROI, for 2D networks, their vectors joined."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import ClassVar, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from features.core.bounds import MarginMm
from features.core.kinds.preparation import Preparation
from features.core.kinds.sampling import Shape
from features.core.memory import claim_honest
from features.core.region import Region, Vector
from features.deep.cubes import centre_of
from features.deep.grid import Grid, Span
from features.deep.looks import window_of
from features.deep.plane_sampling import ORIENTATION, Orientation, largest, shown_slices, turned
from features.deep.tiling import Tiling, centres_of, with_roi


class Tiles(Tiling):
    """Squares of a side in mm that cover the ROI's box in the slice where it is largest, or in all its slices.

    Those count that hold a pixel of the ROI. On further images they lie where they lie on the first, from the middle of the ROI.
    """

    kind: Literal["tiles"] = "tiles"
    dimensions: ClassVar[Literal[2, 3]] = 2
    version: ClassVar[str] = "1"

    side_mm: MarginMm = Field(description="side of a square")
    slices: Literal["largest", "all"] = Field("largest", description="in which slices of the ROI they lie")
    orientation: Orientation = ORIENTATION

    @property
    def views(self) -> tuple[str, ...]:
        way = "" if self.orientation == "acquired" else self.orientation
        side = f"{self.side_mm:g}mm".replace(".", "p")
        return tuple(self.worded("" if self.slices == "largest" else self.slices, way, side))

    def channels(self, images: int) -> int:
        return images

    def reach_mm(self, extent_mm: Vector, spacing_mm: Vector, shape: Shape) -> Vector:  # noqa: ARG002
        reach = self.side_mm / 2 + 2 * max(spacing_mm)
        return reach, reach, (reach if self.orientation != "acquired" else 2 * spacing_mm[2])

    def sample(self, regions: Sequence[Region], preparation: Preparation, shape: Shape) -> NDArray[np.float32]:
        window = window_of(preparation)
        grids = [turned(region, self.orientation) for region in regions]
        middles = [self._middle(grid) for grid in grids]
        centres = self.chosen(self._centres(grids[0]))
        from_middle = (centres - middles[0]) * grids[0].spacing_mm[::-1]
        claim_honest(8 * len(from_middle) * len(grids) * math.prod(shape.size))  # and once more, joined
        found = []
        for offset in from_middle:
            shown = []
            for grid, middle in zip(grids, middles, strict=True):
                z, row, column = middle + offset / np.array(grid.spacing_mm[::-1])
                width, height = self.side_mm / grid.spacing_mm[0], self.side_mm / grid.spacing_mm[1]
                square = Span(row - height / 2, height), Span(column - width / 2, width)
                place = np.clip([[z - 0.5]], 0, len(grid.array) - 1)
                shown.append(shown_slices(grid, place, square, (window,), shape.size, masked=self.masked)[0])
            found.append(np.concatenate(shown))
        return np.stack(found)

    def _middle(self, grid: Grid) -> NDArray[np.float64]:
        """In voxels (z, y, x): of the ROI's box, or of the slice where it is largest."""
        found = np.array(centre_of(grid))
        if self.slices == "largest":
            found[0] = largest(grid) + 0.5
        return found

    def _centres(self, grid: Grid) -> NDArray[np.float64]:
        """(n, 3), in voxels: of the squares that hold a pixel of the ROI, slice by slice."""
        height, width = self.side_mm / grid.spacing_mm[1], self.side_mm / grid.spacing_mm[0]
        slices = [largest(grid)] if self.slices == "largest" else range(grid.box[0].start, grid.box[0].stop)
        found = []
        for z in (z for z in slices if grid.roi[z].any()):
            rows, columns = (np.flatnonzero(grid.roi[z].any(axis=axis)) for axis in (1, 0))
            starts = [int(one[0]) for one in (rows, columns)]
            extents = [int(one[-1] - one[0] + 1) for one in (rows, columns)]
            flat = with_roi(grid.roi[z], centres_of(starts, extents, (height, width), self.stride), (height, width))
            found.append(np.column_stack([np.full(len(flat), z + 0.5), flat]))
        return np.concatenate(found)
