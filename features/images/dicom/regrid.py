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


def regridded(volume: Volume, grid: Grid) -> Volume:
    """The slices of a volume, moved to where they lie in the plane and interpolated linearly along their normal.

    Array: float32. The grid is widened so that no slice is cut off; what no slice covers has the lowest value. The
    volume is returned as it is if its grid is regular; else with a warning DICOM_REGRID.
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
    moved: dict[int, NDArray[np.float32]] = {}

    def place(k: int) -> NDArray[np.float32]:
        if k not in moved:
            moved.clear() if len(moved) > 1 else None
            moved[k] = _moved(volume.array[k], shifts[k] - first, (height, width), lowest)
        return moved[k]

    for j, at in enumerate(np.arange(count) * spacing[2]):
        k = int(np.clip(np.searchsorted(grid.along_mm, at, side="right") - 1, 0, len(grid.along_mm) - 2))
        share = float(np.clip((at - grid.along_mm[k]) / (grid.along_mm[k + 1] - grid.along_mm[k]), 0, 1))
        array[j] = (1 - share) * place(k) + share * place(k + 1)
    axes = np.array(volume.direction).reshape(3, 3)
    x, y, z = (float(value) for value in np.array(volume.origin_mm) + axes[:, :2] @ (first * spacing[:2]))
    details: dict[str, float | int | str] = {"step_mm": round(volume.spacing_mm[2], 4)}
    for fault in grid.faults:
        details |= fault.details
    warnings = (*volume.warnings, Warned("DICOM_REGRID", details=details))
    return replace(volume, array=array, origin_mm=(x, y, z), warnings=warnings)


def _moved(
    plane: NDArray[np.generic], shift: NDArray[np.float64], shape: tuple[int, int], outside: float
) -> NDArray[np.float32]:
    """A slice on a wider plane, moved by (x, y) voxels."""
    wide = np.full(shape, outside, dtype=np.float32)
    wide[: plane.shape[0], : plane.shape[1]] = plane
    if np.abs(shift).max() <= _CLOSE:
        return wide
    found: NDArray[np.float32] = ndimage.shift(wide, shift[::-1], order=1, mode="constant", cval=outside)
    return found
