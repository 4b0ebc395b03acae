"""Grids: where points lie on an image's grid, how two grids differ, and a label map brought to another one."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from features.core.quarantine import Rejected, Warned
from features.core.region import Volume

LOST = 0.01  # of a mask's voxels outside the image, where its grid is another
FAR_MM = 1e6  # no patient lies a kilometre from the origin: a damaged number


def to_index(points: NDArray[np.float64], image: Volume) -> NDArray[np.float64]:
    """Patient coordinates in mm (n, 3) as continuous voxel indices (n, 3) in the order x, y, z; centres are whole."""
    index: NDArray[np.float64] = (points - np.array(image.origin_mm)) @ np.linalg.inv(_axes(image)).T
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
    """The voxels of a mask that are nearest to those of the image; False beyond it."""
    back = np.linalg.inv(_axes(grid))
    matrix = (back @ _axes(image))[::-1, ::-1]
    offset = (back @ (np.array(image.origin_mm) - np.array(grid.origin_mm)))[::-1]
    found = ndimage.affine_transform(
        mask.view(np.uint8), matrix, offset, image.array.shape, order=0, mode="constant", prefilter=False
    )
    return np.asarray(found.view(np.bool_))


def _share_outside(mask: NDArray[np.bool_], grid: Volume, image: Volume) -> float:
    """Share of the voxels of a mask on the grid of `grid` whose centres lie outside the image; 0 if it has none."""
    voxels = np.argwhere(mask)[:, ::-1].astype(np.float64)
    if not len(voxels):
        return 0.0
    index = to_index(voxels @ _axes(grid).T + np.array(grid.origin_mm), image)
    outside = (index < -0.5) | (index > np.array(image.array.shape[::-1]) - 0.5)
    return float(outside.any(axis=1).mean())


def _axes(volume: Volume) -> NDArray[np.float64]:
    """Steps of the axes in mm, as columns."""
    axes: NDArray[np.float64] = np.array(volume.direction, np.float64).reshape(3, 3) * np.array(volume.spacing_mm)
    return axes
