"""Sampling: what a 2D network is shown of a 3D region."""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import NDArray

from features.core.region import Region

View = Literal["largest", "adjacent"]
VERSION = "2"  # raise it when the same region gives another patch: features are then computed again


def sample_view(region: Region, view: View, window: tuple[float, float]) -> NDArray[np.float32]:
    """A square patch (3, n, n) in [0, 1] around the ROI of the axial slice where the ROI is largest.

    largest: that slice in all three channels. adjacent: the slice below, itself and the slice above as channels (2.5D,
    Ypsilantis et al. 2015); at the end of the stack the outermost slice is repeated. The patch is the ROI's bounding
    square in that slice plus a quarter of its side all round, clipped to the image and padded with the window's floor.
    Ties between slices go to the lowest one. Voxels that are NaN become the window's floor.
    """
    areas = region.mask.sum(axis=(1, 2))
    centre = int(areas.argmax())
    rows, columns = np.nonzero(region.mask[centre])
    side = int(np.ceil(1.5 * max(np.ptp(rows), np.ptp(columns)) + 1))
    top = int(rows.min() + rows.max() + 1 - side) // 2
    left = int(columns.min() + columns.max() + 1 - side) // 2
    chosen = (centre,) * 3 if view == "largest" else (centre - 1, centre, centre + 1)
    slices = np.clip(chosen, 0, len(areas) - 1)
    low, high = window
    pixels = np.clip((region.volume.array[slices].astype(np.float32) - low) / (high - low), 0.0, 1.0)
    pixels[np.isnan(pixels)] = 0.0
    patch = np.zeros((3, side, side), np.float32)
    height, width = pixels.shape[1:]
    t0, t1, l0, l1 = max(top, 0), min(top + side, height), max(left, 0), min(left + side, width)
    patch[:, t0 - top : t1 - top, l0 - left : l1 - left] = pixels[:, t0:t1, l0:l1]
    return patch
