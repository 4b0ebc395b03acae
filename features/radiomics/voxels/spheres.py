"""Spheres: mean intensities round the voxels of a ROI, whatever the mask says of the voxels in them."""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from features.core.box import bounding_box
from features.core.kinds.filter import Source
from features.core.region import Region


def sphere_means(region: Region, radius_mm: float) -> NDArray[np.float64]:
    """Mean of the sphere round each voxel of the mask, in the order of the array; NaN if it meets a NaN.

    A voxel counts if its centre is in the sphere; where the image ends, spheres are cut.
    """
    spacing = np.array(region.volume.spacing_mm[::-1])
    reach = [int(radius_mm / step) for step in spacing]
    source = Source(region.volume.array, region.volume.spacing_mm, bounding_box(region.mask, region.within))
    image, inner = source.crop((reach[0], reach[1], reach[2]))
    grid = np.stack(np.meshgrid(*(np.arange(-r, r + 1) for r in reach), indexing="ij"), axis=-1).reshape(-1, 3)
    sphere = grid[((grid * spacing) ** 2).sum(axis=1) <= radius_mm**2 * (1 + 1e-12)]
    places = np.argwhere(region.mask[source.box]) + [side.start for side in inner]
    return _means(image, places, sphere.astype(np.int64))  # type: ignore[no-any-return]


@njit(cache=True)
def _means(image: NDArray[np.float64], places: NDArray[np.int64], sphere: NDArray[np.int64]) -> NDArray[np.float64]:
    found = np.empty(len(places))
    depth, height, width = image.shape
    for n in range(len(places)):
        total, number = 0.0, 0
        for k in range(len(sphere)):
            z, y, x = places[n, 0] + sphere[k, 0], places[n, 1] + sphere[k, 1], places[n, 2] + sphere[k, 2]
            if 0 <= z < depth and 0 <= y < height and 0 <= x < width:
                total += image[z, y, x]
                number += 1
        found[n] = total / number
    return found
