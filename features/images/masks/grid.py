"""Grids: where points lie on an image's grid, how two grids differ, and a label map brought to another one."""

from __future__ import annotations

from itertools import product

import numpy as np
from numpy.typing import NDArray

from features.core.box import bounding_box
from features.core.quarantine import Rejected, Warned
from features.core.region import Box, Volume

LOST = 0.01  # of a mask's voxels outside the image, where its grid is another
FAR_MM = 1e6  # no patient lies a kilometre from the origin: a damaged number


def to_index(points: NDArray[np.float64], image: Volume) -> NDArray[np.float64]:
    """Patient coordinates in mm (n, 3) as continuous voxel indices (n, 3) in the order x, y, z; centres are whole."""
    index: NDArray[np.float64] = (points - np.array(image.origin_mm)) @ np.linalg.inv(axes_of(image)).T
    return index


def difference(labels: Volume, image: Volume) -> str:
    """Where two grids differ, in words; the first of: axes swapped or flipped, size, spacing, direction, origin."""
    turned = np.array(image.direction).reshape(3, 3).T @ np.array(labels.direction).reshape(3, 3)
    whole = np.rint(turned)
    if np.abs(turned - whole).max() <= 1e-3 and not np.array_equal(whole, np.eye(3)):
        return "its axes are swapped or flipped"
    found = set(labels.differences(image, 1e-4, 1e-3))
    return f"its {next(name for name in ('size', 'spacing', 'direction', 'origin') if name in found)} is another"


def moved(mask: NDArray[np.bool_], grid: Volume, image: Volume) -> tuple[NDArray[np.bool_], Warned]:
    """A mask (z, y, x) on the grid of `grid` brought to that of `image`: of each voxel the nearest one, and the warning.

    Raises Rejected(GEOMETRY) if more than 1 % of its voxels lie outside the image.
    """
    lost = _share_outside(mask, grid, image)
    if lost > LOST:
        raise Rejected("GEOMETRY", "the ROI reaches outside the image", share_lost=round(lost, 4))
    found = _nearest(mask, grid, image)
    before, after = int(np.count_nonzero(mask)), int(np.count_nonzero(found))
    return found, Warned("MASK_REGRIDDED", "", {"voxels_before": before, "voxels": after})


def _nearest(mask: NDArray[np.bool_], grid: Volume, image: Volume) -> NDArray[np.bool_]:
    """The voxels of a mask that are nearest to those of the image; False beyond its grid. Only where it is, is looked at."""
    found = np.zeros(image.array.shape, np.bool_)
    if not mask.any():
        return found
    box = bounding_box(mask)
    back = np.linalg.inv(axes_of(grid))
    matrix = (back @ axes_of(image))[::-1, ::-1]
    offset = (back @ (np.array(image.origin_mm) - np.array(grid.origin_mm)))[::-1]
    there = _reach(box, matrix, offset, image.array.shape)
    if min(axis.stop - axis.start for axis in there) > 0:
        places = np.meshgrid(
            *(np.arange(axis.start, axis.stop, dtype=np.float64) for axis in there), indexing="ij", sparse=True
        )
        index, inside = [], np.ones((), np.bool_)
        for row, start, length in zip(matrix, offset, mask.shape, strict=True):
            at = start + row[0] * places[0] + row[1] * places[1] + row[2] * places[2]
            inside = inside & (at >= 0) & (at <= length - 1)
            index.append(np.clip(np.floor(at + 0.5).astype(np.intp), 0, length - 1))
        found[there] = mask[tuple(index)] & inside
    return found


def _reach(box: Box, matrix: NDArray[np.float64], offset: NDArray[np.float64], shape: tuple[int, ...]) -> Box:
    """The voxels of the image, one more on each side, whose nearest voxel may lie in a box of the mask."""
    ends = np.array(list(product(*((axis.start - 0.5, axis.stop - 0.5) for axis in box))))
    corners = (ends - offset) @ np.linalg.inv(matrix).T
    low = np.clip(np.floor(corners.min(axis=0)).astype(np.intp) - 1, 0, shape)
    high = np.clip(np.ceil(corners.max(axis=0)).astype(np.intp) + 2, low, shape)
    z, y, x = (slice(int(start), int(stop)) for start, stop in zip(low, high, strict=True))
    return z, y, x


def _share_outside(mask: NDArray[np.bool_], grid: Volume, image: Volume) -> float:
    """Share of the voxels of a mask on the grid of `grid` whose centres lie outside the image; 0 if it has none."""
    if not mask.any():
        return 0.0
    box = bounding_box(mask)
    voxels = (np.argwhere(mask[box]) + [axis.start for axis in box])[:, ::-1].astype(np.float64)
    index = to_index(voxels @ axes_of(grid).T + np.array(grid.origin_mm), image)
    outside = (index < -0.5) | (index > np.array(image.array.shape[::-1]) - 0.5)
    return float(outside.any(axis=1).mean())


def axes_of(volume: Volume) -> NDArray[np.float64]:
    """Steps of the axes in mm, as columns."""
    axes: NDArray[np.float64] = np.array(volume.direction, np.float64).reshape(3, 3) * np.array(volume.spacing_mm)
    return axes
