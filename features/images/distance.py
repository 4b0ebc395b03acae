"""Distances to a mask and the body of a patient: what variants of a ROI are cut by. From voxel centre to voxel centre."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from features.core.kinds.variant import Mask
from features.core.region import Vector


def distance_mm(mask: Mask, spacing_mm: Vector) -> NDArray[np.float64]:
    """(z, y, x): exact Euclidean distance to the nearest voxel of a mask that is not empty, 0 inside it."""
    found: NDArray[np.float64] = ndimage.distance_transform_edt(~mask, sampling=spacing_mm[::-1])
    return found


def depth_mm(mask: Mask, spacing_mm: Vector) -> NDArray[np.float64]:
    """(z, y, x): the same to the nearest voxel outside the mask, 0 there. The mask ends where the image ends."""
    found = ndimage.distance_transform_edt(np.pad(mask, 1), sampling=spacing_mm[::-1])
    depth: NDArray[np.float64] = found[1:-1, 1:-1, 1:-1]
    return depth


def within(body: Mask | None, found: Mask) -> Mask:
    """The voxels that are of the body, or all of them where none is given."""
    return found if body is None else found & body


def body_mask(slices: NDArray[np.generic], above: float) -> Mask:
    """The body in whole axial slices (z, y, x): the largest connected part above an intensity and what it encloses.

    Each slice is filled by itself, so that lungs and bowel gas are of the body; a table that touches it is too.
    """
    dense = np.asarray(slices > above)  # type: ignore[operator]
    parts, many = ndimage.label(dense)
    if many == 0:
        return dense
    body = parts == 1 + int(np.argmax(np.bincount(parts.reshape(-1))[1:]))
    for plane in body:
        plane |= _enclosed(plane)
    return np.asarray(body)


def _enclosed(plane: Mask) -> Mask:
    """Voxels of a slice from which no way leads to its border."""
    parts, _ = ndimage.label(np.pad(~plane, 1, constant_values=True))
    return np.asarray((parts != parts[0, 0]) & (parts > 0))[1:-1, 1:-1]
