"""Cubes round the ROI, in mm, on the grid of each image."""

from __future__ import annotations

from collections.abc import Sequence

from features.core.quarantine import Rejected
from features.deep.grid import Grid, Span
from features.deep.looks import Margin

Spans = tuple[Span, Span, Span]


def cubes_of(grids: Sequence[Grid], margin: Margin) -> tuple[float, list[Spans]]:
    """The side in mm of a cube round the ROI and its margin, the largest of all images, and where it is on each (z, y, x)."""
    side = max((1 + 2 * margin.share) * max(extents_mm(grid)) + 2 * margin.mm for grid in grids)
    return side, [spans_of(grid, centre_of(grid), (side, side, side)) for grid in grids]


def extents_mm(grid: Grid) -> tuple[float, float, float]:
    """Of the box of the ROI (z, y, x)."""
    z, y, x = ((part.stop - part.start) * step for part, step in zip(grid.box, reversed(grid.spacing_mm), strict=True))
    return z, y, x


def centre_of(grid: Grid) -> tuple[float, float, float]:
    """The middle of the box of the ROI (z, y, x), in voxels, of which the first reaches from 0 to 1."""
    z, y, x = ((part.start + part.stop) / 2 for part in grid.box)
    return z, y, x


def spans_of(grid: Grid, centre: Sequence[float], sides_mm: Sequence[float]) -> Spans:
    """A box of these sides (z, y, x) round a place, in voxels."""
    z, y, x = (
        Span(middle - side / step / 2, side / step)
        for middle, side, step in zip(centre, sides_mm, reversed(grid.spacing_mm), strict=True)
    )
    return z, y, x


def deep_enough(grid: Grid) -> Grid:
    """Raises Rejected SAMPLE_FLAT for an image of one slice: it has no depth that a cube or a 3D patch could show."""
    if 1 in grid.roi.shape:
        raise Rejected("SAMPLE_FLAT", slices=1)
    return grid
