"""border_distance: how far voxels of a mask lie from what is outside."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def border_distance(mask: NDArray[np.bool_], *, flat: bool) -> NDArray[np.int32]:
    """Manhattan distance of each voxel to what lies outside the mask, int32 (z, y, x): 0 outside, 1 at the border.

    The mask has a rim that is outside. flat: within slices.
    """
    from scipy.ndimage import distance_transform_cdt

    def transform(inside: NDArray[np.bool_]) -> NDArray[np.int32]:
        found: NDArray[np.int32] = distance_transform_cdt(inside, metric="taxicab")
        return found

    return np.stack([transform(rows) for rows in mask]) if flat else transform(mask)
