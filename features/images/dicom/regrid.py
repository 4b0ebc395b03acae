"""regridded: a tilted or unevenly spaced stack of slices on the regular grid that the catalog asked for."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from features.core.quarantine import Warned
from features.core.region import Volume
from features.images.dicom.stack import Grid

_CLOSE = 1e-6  # of a voxel
HALF = 0.5 - 1e-4  # of what a voxel is made of, less rounding in single precision


def regridded(volume: Volume, grid: Grid) -> Volume:
    """The slices of a volume, moved to where they lie in the plane and interpolated linearly along their normal.

    Array: float32. The grid is widened so that no slice is cut off. Voxels are made of voxels that are no padding alone;
    where those are less than half of what a voxel is made of, it is padding and has the lowest value, as has what no
    slice covers. The volume is returned as it is if its grid is regular; else with a warning DICOM_REGRID.
    """
    if not grid.faults:
        return volume
    spacing = np.array(volume.spacing_mm)
    shifts = grid.sideways_mm / spacing[:2]  # (n, 2) voxels along x and y
    first = np.floor(shifts.min(axis=0) + _CLOSE).astype(int)
    extra = np.ceil(shifts.max(axis=0) - first - _CLOSE).astype(int)
    height, width = volume.array.shape[1] + extra[1], volume.array.shape[2] + extra[0]
    count = int(np.floor(grid.along_mm[-1] / spacing[2] + 1e-3)) + 1
    lowest = float(volume.array.min())
    array = np.empty((count, height, width), dtype=np.float32)
    padding = np.empty(array.shape, dtype=np.bool_)
    moved: dict[int, NDArray[np.float32]] = {}

    def place(k: int) -> NDArray[np.float32]:
        """The values of a slice where they count, and how much they count: (2, rows, columns)."""
        if k not in moved:
            moved.clear() if len(moved) > 1 else None
            real = np.ones(volume.array.shape[1:], np.bool_) if volume.padding is None else ~volume.padding[k]
            planes = np.where(real, volume.array[k], 0), real
            moved[k] = np.stack([_moved(plane, shifts[k] - first, (height, width)) for plane in planes])
        return moved[k]

    for j, at in enumerate(np.arange(count) * spacing[2]):
        k = int(np.clip(np.searchsorted(grid.along_mm, at, side="right") - 1, 0, len(grid.along_mm) - 2))
        share = float(np.clip((at - grid.along_mm[k]) / (grid.along_mm[k + 1] - grid.along_mm[k]), 0, 1))
        values, weights = (1 - share) * place(k) + share * place(k + 1)
        padding[j] = weights < HALF
        array[j] = np.where(padding[j], lowest, values / np.where(padding[j], 1, weights))
    axes = np.array(volume.direction).reshape(3, 3)
    x, y, z = (float(value) for value in np.array(volume.origin_mm) + axes[:, :2] @ (first * spacing[:2]))
    details: dict[str, float | int | str] = {"step_mm": round(volume.spacing_mm[2], 4)}
    for fault in grid.faults:
        details |= fault.details
    warnings = (*volume.warnings, Warned("DICOM_REGRID", details=details))
    beyond = padding if padding.any() else None
    return replace(volume, array=array, origin_mm=(x, y, z), warnings=warnings, padding=beyond)


def _moved(plane: NDArray[np.generic], shift: NDArray[np.float64], shape: tuple[int, int]) -> NDArray[np.float32]:
    """A slice on a wider plane of zeros, moved by (x, y) voxels."""
    wide = np.zeros(shape, dtype=np.float32)
    wide[: plane.shape[0], : plane.shape[1]] = plane
    if np.abs(shift).max() <= _CLOSE:
        return wide
    found: NDArray[np.float32] = ndimage.shift(wide, shift[::-1], order=1, mode="constant", cval=0.0)
    return found
