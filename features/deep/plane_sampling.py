"""PlaneSampling: squares round the ROI in slices, scaled to the size of a 2D network."""

from __future__ import annotations

import math
from abc import abstractmethod
from collections.abc import Sequence
from typing import Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from features.core.kinds.preparation import Preparation
from features.core.kinds.sampling import Shape
from features.core.quarantine import Rejected
from features.core.region import Region, Vector
from features.deep.grid import ACQUIRED, Grid, Span, oriented
from features.deep.looks import Looks, Margin, window_of
from features.deep.resize import along, beside, weights

# Where columns, rows and slices go: pictures as radiologists look at them.
LETTERS = {"acquired": ACQUIRED, "axial": "LPS", "coronal": "LIP", "sagittal": "PIL"}
NEARLY = 1e-6
Bounds = tuple[tuple[float, float], ...]
Orientation = Literal["acquired", "axial", "coronal", "sagittal"]
ORIENTATION: Any = Field(
    "acquired",
    exclude_if=lambda value: value == "acquired",
    description="which slices: those of the image as acquired, or those nearest to a plane of the patient",
)


class PlaneSampling(Looks):
    """Squares in slices: the ROI's bounding square with a margin, the ROI in the middle.

    Squares in mm: where pixels are not square, the picture is. Each image has its own ROI in the middle, all at one scale. What
    lies beyond the image, and voxels that are NaN, become the floor of the window.
    """

    dimensions: ClassVar[Literal[2, 3]] = 2
    version: ClassVar[str] = "3"

    orientation: Orientation = ORIENTATION

    @property
    def ways(self) -> tuple[str, ...]:
        """Words of the views of one margin; "" of one alone."""
        return ("",)

    @property
    def views(self) -> tuple[str, ...]:
        return tuple(self.worded(self.ways, "" if self.orientation == "acquired" else self.orientation))

    @abstractmethod
    def places(self, grid: Grid) -> NDArray[np.float64]:
        """(ways, channels): which slices are shown, 0 the first of the image; those between two are mixed of both."""

    def footprint(self, grid: Grid) -> NDArray[np.bool_]:
        """(rows, columns): what the square stands round; the ROI in the slice where it is largest."""
        found: NDArray[np.bool_] = grid.roi[largest(grid)]
        return found

    def windows_of(self, preparation: Preparation) -> Bounds:
        """The windows in which each slice is shown, each a channel."""
        return (window_of(preparation),)

    def beyond_mm(self, spacing_mm: float) -> float:  # noqa: ARG002
        """How far beyond the ROI slices are looked at that are `spacing_mm` apart."""
        return 0.0

    def reach_mm(self, extent_mm: Vector, spacing_mm: Vector, shape: Shape) -> Vector:  # noqa: ARG002
        is_turned = self.orientation != "acquired"
        extents = extent_mm if is_turned else extent_mm[:2]
        found = [self.reach_of(extents, axis, spacing_mm) for axis in range(len(extents))]
        found += [0.0] * (3 - len(found))
        for axis in range(3) if is_turned else (2,):
            found[axis] = max(found[axis], self.beyond_mm(spacing_mm[axis]))
        return found[0], found[1], found[2]

    def sample(self, regions: Sequence[Region], preparation: Preparation, shape: Shape) -> NDArray[np.float32]:
        grids = [turned(region, self.orientation) for region in regions]
        windows = self.windows_of(preparation)
        places = [self.places(grid) for grid in grids]
        found = []
        for margin in self.margins:
            squares = squares_of(grids, [self.footprint(grid) for grid in grids], margin)
            shown = [
                shown_slices(*one, windows, shape.size, masked=self.masked)
                for one in zip(grids, places, squares, strict=True)
            ]  # of each image (ways, channels, rows, columns)
            found.append(np.concatenate(shown, axis=1))
        return np.concatenate(found)


def shown_slices(
    grid: Grid,
    places: NDArray[np.float64],
    square: tuple[Span, Span],
    windows: Bounds,
    size: Sequence[int],
    *,
    masked: bool,
) -> NDArray[np.float32]:
    """(ways, channels, rows, columns): what a square shows of slices at places (ways, channels), of each in each window."""
    (rows, by_row), (columns, by_column) = (
        weights(span, count, new) for span, count, new in zip(square, grid.roi.shape[1:], size, strict=True)
    )
    low, share = beside(places.ravel(), len(grid.array))
    needed = np.unique(np.concatenate([low, low[share > 0] + 1]))
    at = np.searchsorted(needed, low)
    found = []
    for window in windows:
        slices = [grid.windowed((slice(z, z + 1), rows, columns), window, masked=masked)[0] for z in needed]
        pixels = along(along(np.stack(slices), by_row, 1), by_column, 2)
        one = pixels[at]
        for i in np.flatnonzero(share):
            one[i] += share[i] * (pixels[at[i] + 1] - one[i])
        found.append(one.reshape(*places.shape, *size))
    return np.stack(found, axis=2).reshape(len(places), -1, *size)


def largest(grid: Grid) -> int:
    """The slice where the ROI is largest, the first of several."""
    part = grid.box[0]
    return int(part.start) + int(grid.roi[grid.box].sum(axis=(1, 2)).argmax())


def squares_of(
    grids: Sequence[Grid], footprints: Sequence[NDArray[np.bool_]], margin: Margin
) -> list[tuple[Span, Span]]:
    """Rows and columns of the square round each footprint, all of the side of the largest in mm."""
    bounds = [(_bounds(one, 1), _bounds(one, 0)) for one in footprints]
    pixels = [(grid.spacing_mm[1], grid.spacing_mm[0]) for grid in grids]
    side_mm = max(_side_mm(two, pixel, margin) for two, pixel in zip(bounds, pixels, strict=True))
    return [
        (_span(rows, side_mm / height), _span(columns, side_mm / width))
        for (rows, columns), (height, width) in zip(bounds, pixels, strict=True)
    ]


def _bounds(inside: NDArray[np.bool_], axis: int) -> tuple[int, int]:
    """First and last along the other axis."""
    found = np.flatnonzero(inside.any(axis=axis))
    return int(found[0]), int(found[-1])


def _side_mm(bounds: tuple[tuple[int, int], tuple[int, int]], pixel: tuple[float, float], margin: Margin) -> float:
    """Of the square: the margins are of the distance of the outermost pixels, one of which is added; whole square pixels."""
    height = pixel[0]
    sizes = 1.0, (1.0 if abs(pixel[1] / height - 1) < NEARLY else pixel[1] / height)
    side = max(
        (1 + 2 * margin.share) * (last - first) * size + size for (first, last), size in zip(bounds, sizes, strict=True)
    )
    side += 2 * margin.mm / height
    return height * (math.ceil(side - NEARLY) if sizes[1] == 1.0 else side)


def _span(bounds: tuple[int, int], length: float) -> Span:
    """So many pixels round others; whole ones where that can be, a half more before than behind."""
    first, last = bounds
    if abs(length - round(length)) < NEARLY:
        whole = round(length)
        return Span((first + last + 1 - whole) // 2, whole)
    return Span((first + last + 1 - length) / 2, length)


def turned(region: Region, orientation: Orientation) -> Grid:
    """The region with its slices as first axis. Raises Rejected SAMPLE_FLAT for slices across an image of one slice."""
    grid = oriented(region, LETTERS[orientation])
    slices, *sides = grid.roi.shape
    if orientation != "acquired" and slices > 1 and 1 in sides:
        raise Rejected("SAMPLE_FLAT", slices=1)
    return grid
