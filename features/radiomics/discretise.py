"""discretise: the grey levels of a ROI, by bins of a width or by a number of bins."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from features.radiomics.roi import Roi


@dataclass(frozen=True, eq=False)
class Levels:
    """Grey levels of a ROI.

    values: int32, of each voxel inside the mask in the order of the array, from 1. present: the levels that occur, in
    order (K); counts: how many voxels have each of them (K). edges: of the bins, float64, one more than there are bins.
    """

    values: NDArray[np.int32]
    present: NDArray[np.int64]
    counts: NDArray[np.int64]
    edges: NDArray[np.float64]


def discretise(roi: Roi) -> Levels:
    """Levels by the settings of the ROI: bins [edge, next edge), the first one holds the minimum."""
    low, high = float(roi.ordered[0]), float(roi.ordered[-1])
    settings = roi.settings
    if settings.bin_width is not None:
        width = settings.bin_width
        edges = np.arange(low - low % width, high + 2 * width, width)
    else:
        edges = np.histogram_bin_edges(roi.values, settings.bin_count or 1)
        edges[-1] += 1
    values = np.digitize(roi.values, edges).astype(np.int32)
    present, counts = np.unique(values, return_counts=True)
    return Levels(values, present.astype(np.int64), counts.astype(np.int64), edges)
