"""move: a region whose patient lay otherwise on the scanner's table."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from features.core.region import Region

HALF = 0.5 - 1e-9  # a mask value that is 0.5 but for rounding counts as inside


def move(region: Region, matrix: NDArray[np.float64], offset: NDArray[np.float64]) -> Region:
    """What lies at matrix @ place + offset comes to each place; both in voxels (z, y, x).

    Intensities by cubic splines, mask and outline linearly and >= 0.5; the nearest voxel continues the image.
    """
    image = region.volume.array.astype(np.float64)
    array = ndimage.affine_transform(image, matrix, offset, order=3, mode="nearest")
    outline = None if region.outline is None else _moved(region.outline, matrix, offset)
    return Region(replace(region.volume, array=array), _moved(region.mask, matrix, offset), outline)


def _moved(mask: NDArray[np.bool_], matrix: NDArray[np.float64], offset: NDArray[np.float64]) -> NDArray[np.bool_]:
    return np.asarray(
        ndimage.affine_transform(mask.astype(np.float64), matrix, offset, order=1, mode="nearest") >= HALF
    )
