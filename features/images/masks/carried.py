"""carry_mask: a ROI that was drawn on one image, on the grid of another one."""

from __future__ import annotations

import math
from itertools import product

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from features.core.box import bounding_box
from features.core.quarantine import Rejected
from features.core.region import Box, Volume
from features.images.masks.grid import LOST, axes_of
from features.images.registration.transform import Transform
from features.images.resample import HALF

THROWN = 0.5  # of the voxels outside the image: no ROI at its border, but a wrong registration


def carry_mask(
    mask: NDArray[np.bool_], grid: Volume, image: Volume, transform: Transform | None = None, *, box: Box | None = None
) -> NDArray[np.bool_]:
    """The mask (z, y, x) on the grid of `image`: linear between the voxels of `grid`, half and more is inside.

    mask: on the grid of `grid`, the image that it was drawn on. transform: from points of `image` to those of `grid`, as
    `register` finds it; None where both lie in one space. box: holds the mask, if that is known.
    Each ROI is carried for itself, so none depends on which others there are. Of ROIs that touch (the labels of an atlas), a
    voxel belongs to that which has half of it or more: never to two, but where they share it by halves, and to none where three
    or more meet.
    Raises Rejected: GEOMETRY, if over 1 % of the mask's voxels lie outside the image, or one of the images is a plane that
    does not tell where it lies; REGISTRATION_FAILED, if a transform puts half of them there.
    """
    if "bare" in (grid.plane, image.plane):
        raise Rejected("GEOMETRY", "an image of one plane does not tell where it lies, so that no ROI can be carried")
    found = np.zeros(image.array.shape, np.bool_)
    if not mask.any():
        return found
    box = bounding_box(mask, box)
    there = _to_grid(grid, image, transform)
    _check_inside(mask, box, there, image, transform)
    window = _window(box, there, image)
    if all(axis.stop > axis.start for axis in window):
        found[window] = _linear(mask, box, there, window) >= HALF
    return found


def centre_of_mask(mask: NDArray[np.bool_], grid: Volume, box: Box | None = None) -> tuple[float, float, float]:
    """The mean place of a mask's voxels in mm (x, y, z). Raises ValueError if it is empty."""
    box = bounding_box(mask, box)
    index = ndimage.center_of_mass(mask[box])
    middle = np.array([place + axis.start for place, axis in zip(index, box, strict=True)])[::-1]
    x, y, z = (float(value) for value in axes_of(grid) @ middle + np.array(grid.origin_mm))
    return x, y, z


def _to_grid(grid: Volume, image: Volume, transform: Transform | None) -> Transform:
    """From voxels of the image to those of the grid (x, y, z)."""
    back = np.linalg.inv(axes_of(grid))
    move = transform or Transform()
    matrix = back @ move.array @ axes_of(image)
    return Transform.of(matrix, back @ (move(image.origin_mm) - np.array(grid.origin_mm)))


def _check_inside(
    mask: NDArray[np.bool_], box: Box, there: Transform, image: Volume, transform: Transform | None
) -> None:
    """Raises Rejected, if too many of the mask's voxels lie outside the image."""
    voxels = (np.argwhere(mask[box]) + [axis.start for axis in box])[:, ::-1].astype(np.float64)
    index = there.inverse()(voxels)
    outside = ((index < -0.5) | (index > np.array(image.array.shape[::-1]) - 0.5)).any(axis=1)
    lost = float(outside.mean())
    if transform is not None and lost >= THROWN:
        raise Rejected("REGISTRATION_FAILED", "the ROI is thrown out of the image", share_lost=round(lost, 4))
    if lost > LOST:
        raise Rejected("GEOMETRY", "the ROI reaches outside the image", share_lost=round(lost, 4))


def _window(box: Box, there: Transform, image: Volume) -> Box:
    """Voxels of the image that the mask can reach."""
    ends = [(axis.start - 1, axis.stop) for axis in reversed(box)]
    index = there.inverse()(np.array(list(product(*ends)), np.float64))[:, ::-1]
    z, y, x = (
        slice(max(0, math.floor(low)), max(0, min(length, math.ceil(high) + 1)))
        for low, high, length in zip(index.min(axis=0), index.max(axis=0), image.array.shape, strict=True)
    )
    return z, y, x


def _linear(mask: NDArray[np.bool_], box: Box, there: Transform, window: Box) -> NDArray[np.float64]:
    """Shares of the voxels of a window; beyond the mask's own grid there is none of it."""
    part = np.pad(mask[box], 1).astype(np.float64)
    first = np.array([axis.start - 1 for axis in box][::-1], np.float64)
    offset = there(np.array([axis.start for axis in window][::-1], np.float64)) - first
    shape = tuple(axis.stop - axis.start for axis in window)
    found = ndimage.affine_transform(
        part, there.array[::-1, ::-1], offset[::-1], shape, np.float64, order=1, mode="constant", prefilter=False
    )
    return np.asarray(found)
