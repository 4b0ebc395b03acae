"""Local intensity (IBSI 9ST6): the mean intensity within spheres of 1 cm³, whatever the mask says of their voxels."""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from features.radiomics.ibsi1.feature import Feature
from features.radiomics.ibsi1.roi import IbsiRoi

RADIUS_MM = 10 * (3 / (4 * np.pi)) ** (1 / 3)
FEATURES = (
    Feature("local_intensity_peak", "VJGA", "loc_peak_loc", "mean in 1 cm³ round the highest intensity of the ROI"),
    Feature("global_intensity_peak", "0F91", "loc_peak_glob", "highest mean in 1 cm³ round a voxel of the ROI"),
)


def compute(roi: IbsiRoi) -> list[float]:
    """Values of FEATURES. Of several voxels with the highest intensity, the one of the highest mean counts.

    The image has to reach 6.2 mm beyond the ROI where there is more of it; where it ends, spheres are cut.
    """
    reach = np.floor(RADIUS_MM / roi.spacing).astype(int)
    sizes = roi.region.volume.array.shape
    wide = tuple(
        slice(max(side.start - r, 0), min(side.stop + r, n)) for side, r, n in zip(roi.box, reach, sizes, strict=True)
    )
    image = np.ascontiguousarray(roi.region.volume.array[wide], np.float64)
    grid = np.stack(np.meshgrid(*(np.arange(-r, r + 1) for r in reach), indexing="ij"), axis=-1).reshape(-1, 3)
    sphere = grid[((grid * roi.spacing) ** 2).sum(axis=1) <= RADIUS_MM**2 * (1 + 1e-12)]
    means = sphere_means(image, np.argwhere(roi.region.mask[wide]), sphere.astype(np.int64))
    return [float(means[roi.values == roi.values.max()].max()), float(means.max())]


@njit(cache=True)
def sphere_means(
    image: NDArray[np.float64], places: NDArray[np.int64], sphere: NDArray[np.int64]
) -> NDArray[np.float64]:
    """Mean of the image (z, y, x) at each place (n, 3) over the offsets (m, 3) that lie in the image."""
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
