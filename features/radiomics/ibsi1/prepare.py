"""prepare: a volume and its mask as IBSI wants them before features are computed."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from features.core.quarantine import Rejected
from features.core.region import Region, Volume
from features.images.resample import axis_of, resample, resample_mask, round_half_up
from features.radiomics.ibsi1.settings import PrepareSettings


def prepare(volume: Volume, mask: NDArray[np.bool_], settings: PrepareSettings) -> Region:
    """The whole volume on the new grid, the mask on it, and what re-segmentation keeps of the mask.

    In order: resample on a grid of the same centre, of as many voxels as cover the image; mask linear, one half and more
    is inside; round half up; keep intensities in the range; of these, keep what is not an outlier. mask: bool (z, y, x).

    Raises Rejected: GEOMETRY (shapes differ), MASK_EMPTY, NAN_IN_ROI, RESEGMENTED_EMPTY.
    """
    if mask.shape != volume.array.shape:
        raise Rejected("GEOMETRY", mask=str(mask.shape), image=str(volume.array.shape))
    volume, mask = _resampled(volume, mask, settings)
    if not mask.any():
        raise Rejected("MASK_EMPTY")
    array = volume.array.astype(np.float64)
    if not np.isfinite(array[mask]).all():
        raise Rejected("NAN_IN_ROI")
    if settings.round_intensities:
        array = round_half_up(array)
    kept = mask.copy()
    low, high = settings.resegment or (None, None)
    if low is not None:
        kept &= array >= low
    if high is not None:
        kept &= array <= high
    if settings.outlier_sigma is not None and kept.any():
        values = array[kept]
        kept &= np.abs(array - values.mean()) <= settings.outlier_sigma * values.std()
    if not kept.any():
        raise Rejected("RESEGMENTED_EMPTY", voxels=0)
    return Region(Volume(array, volume.spacing_mm, volume.origin_mm, volume.direction, volume.facts), kept, mask)


def _resampled(volume: Volume, mask: NDArray[np.bool_], settings: PrepareSettings) -> tuple[Volume, NDArray[np.bool_]]:
    sizes, old = mask.shape[::-1], volume.spacing_mm
    new = settings.spacing_mm or old
    axes = [axis_of(n, o, s or o, slice(0, n), 0) for n, o, s in zip(sizes, old, new, strict=True)]
    if all(axis.kept for axis in axes):
        return volume, mask
    direction = np.array(volume.direction).reshape(3, 3)
    x, y, z = np.array(volume.origin_mm) + direction @ np.array([axis.start_mm for axis in axes])
    grid = (axes[0].spacing, axes[1].spacing, axes[2].spacing)
    array = resample(volume.array, axes, settings.interpolator)
    place = (float(x), float(y), float(z))
    return Volume(array, grid, place, volume.direction, volume.facts), resample_mask(mask, axes)
