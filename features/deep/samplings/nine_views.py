"""nine_views: the nine planes of symmetry of a cube round the ROI (Setio et al. 2016, Xie et al. 2019)."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from features.core.kinds.preparation import Preparation
from features.core.kinds.sampling import Shape
from features.core.region import Region, Vector
from features.deep.cubes import Spans, cubes_of, deep_enough
from features.deep.grid import Grid, Part, Span, oriented
from features.deep.looks import Looks, window_of
from features.deep.resize import along, beside, is_outside, resized, weights

LETTERS = "LPI"  # where x, y and z go, so that pictures lie as radiologists look at them
STRAIGHT = {"axial": 0, "coronal": 1, "sagittal": 2}  # the axis (z, y, x) across each plane
# The axis in each plane that stays, and how the other two are walked; the name says where to: lp is left and to the back.
DIAGONAL = {
    "lp": (0, {2: 1, 1: 1}),
    "la": (0, {2: 1, 1: -1}),
    "li": (1, {2: 1, 0: 1}),
    "ls": (1, {2: 1, 0: -1}),
    "ip": (2, {0: 1, 1: 1}),
    "ia": (2, {0: 1, 1: -1}),
}
Window = tuple[float, float]


class NineViews(Looks):
    """Squares of the cube's side in its nine planes of symmetry, each a view: axial, coronal, sagittal and six diagonal ones.

    Planes by the axes of the image that are nearest to those of the patient; the ROI's centre is the middle of its box. Between
    voxels intensities are mixed linearly, and antialiased where a pixel is larger than a voxel. The diagonal planes hold the axis
    from head to feet and go to the left and back (lp) or front (la), or that from front to back and go left and down (li) or up
    (ls), or that from right to left and go down and back (ip) or front (ia).
    """

    kind: Literal["nine_views"] = "nine_views"
    dimensions: ClassVar[Literal[2, 3]] = 2
    version: ClassVar[str] = "1"

    @property
    def views(self) -> tuple[str, ...]:
        return tuple(self.worded((*STRAIGHT, *DIAGONAL)))

    def channels(self, images: int) -> int:
        return images

    def reach_mm(self, extent_mm: Vector, spacing_mm: Vector, shape: Shape) -> Vector:  # noqa: ARG002
        x, y, z = (self.reach_of(extent_mm, axis, spacing_mm) for axis in range(3))
        return x, y, z

    def sample(self, regions: Sequence[Region], preparation: Preparation, shape: Shape) -> NDArray[np.float32]:
        window = window_of(preparation)
        grids = [deep_enough(oriented(region, LETTERS)) for region in regions]
        found = []
        for margin in self.margins:
            side, cubes = cubes_of(grids, margin)
            planes = [
                [
                    *(self._straight(grid, cube, across, window, shape.size) for across in STRAIGHT.values()),
                    *(self._diagonal(grid, cube, side, way, window, shape.size) for way in DIAGONAL.values()),
                ]
                for grid, cube in zip(grids, cubes, strict=True)
            ]
            found.append(np.stack([np.stack(one) for one in planes], axis=1))
        return np.concatenate(found)

    def _straight(
        self, grid: Grid, cube: Spans, across: int, window: Window, size: Sequence[int]
    ) -> NDArray[np.float32]:
        """The plane in the middle of an axis."""
        (low,), (share,) = beside(np.array([_middle(cube[across])]), grid.roi.shape[across])
        part: list[slice] = [slice(int(low), int(low) + (2 if share else 1))] * 3
        by = []
        for axis, new in zip([axis for axis in range(3) if axis != across], size, strict=True):
            part[axis], one = weights(cube[axis], grid.roi.shape[axis], new)
            by.append(one)
        pixels = np.moveaxis(grid.windowed((part[0], part[1], part[2]), window, masked=self.masked), across, 0)
        mixed = pixels[0] if len(pixels) == 1 else pixels[0] + share * (pixels[1] - pixels[0])
        return along(along(mixed, by[0], 0), by[1], 1)

    def _diagonal(
        self, grid: Grid, cube: Spans, side: float, way: tuple[int, dict[int, int]], window: Window, size: Sequence[int]
    ) -> NDArray[np.float32]:
        """The plane of an axis that stays and a line halfway between the other two."""
        stays, walked = way
        new_stays, new_line = (size[1], size[0]) if stays == 2 else (size[0], size[1])
        steps = {axis: grid.spacing_mm[2 - axis] for axis in range(3)}
        fine = max(new_line, math.ceil(side / min(steps[axis] for axis in walked)))
        line_mm = ((np.arange(fine) + 0.5) / fine - 0.5) * side
        part: list[slice | NDArray[np.intp]] = [slice(0)] * 3
        part[stays], by = weights(cube[stays], grid.roi.shape[stays], new_stays)
        near, far, shares, outside = {}, {}, {}, np.zeros(fine, bool)
        for axis, sense in walked.items():
            count = grid.roi.shape[axis]
            places = _middle(cube[axis]) + sense * line_mm / math.sqrt(2) / steps[axis]
            near[axis], shares[axis] = beside(places, count)
            far[axis] = np.minimum(near[axis] + 1, count - 1)
            outside |= is_outside(places, count)
        one, other = walked
        found = np.zeros((fine, by.shape[1]), np.float32)
        for first, share in ((near, 1 - shares[one]), (far, shares[one])):
            for second, further in ((near, 1 - shares[other]), (far, shares[other])):
                part[one], part[other] = first[one], second[other]
                pixels = grid.windowed(_part(part), window, masked=self.masked)
                found += (share * further)[:, None] * (pixels.T if stays == 0 else pixels)
        found[outside] = 0.0
        plane = along(resized(found, (new_line, found.shape[1])), by, 1)
        return plane if stays == 2 else plane.T


def _middle(span: Span) -> float:
    """The middle of a span in voxels, 0 the centre of the first."""
    return span.start + span.length / 2 - 0.5


def _part(part: Sequence[slice | NDArray[np.intp]]) -> Part:
    z, y, x = part
    return z, y, x
