"""intensity_volume_histogram (IBSI P88C): which part of the ROI has at least an intensity."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from features.core.errors import RadweaveError
from features.core.kinds.preparation import FixedBinCount, FixedBinWidth
from features.core.quarantine import Rejected
from features.radiomics.dialects.aggregation import Aggregation
from features.radiomics.dialects.roi import IbsiRoi
from features.radiomics.families.family import Family
from features.radiomics.formulas.slices import Values
from features.radiomics.voxels.levels import steps_from

LARGEST_BIN_COUNT = 2**20


class IntensityVolumeHistogram(Family):
    """NaN for a single grey level.

    Raises RadweaveError if whole intensities are wanted (settings.ivh None) and they are not whole, Rejected(TOO_MANY_BINS)
    for more than a million bins.
    """

    kind: Literal["intensity_volume_histogram"] = "intensity_volume_histogram"

    def by_ibsi(self, roi: IbsiRoi, wanted: Sequence[Aggregation]) -> Values:  # noqa: ARG002
        grid, at_least = _curve(roi)
        if len(grid) < 2:
            return {None: [math.nan] * 7}
        fraction = (grid - grid[0]) / (grid[-1] - grid[0])
        v10, v90 = (float(at_least[np.searchsorted(fraction, x - 1e-12)]) for x in (0.1, 0.9))
        i10, i90 = (_intensity(grid, at_least, x) for x in (0.1, 0.9))
        return {None: [v10, v90, i10, i90, v10 - v90, i10 - i90, float(np.trapezoid(at_least, fraction))]}


def _curve(roi: IbsiRoi) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Intensities of the histogram and which part of the ROI has at least each of them."""
    values, how = roi.values, roi.settings.ivh
    low, high = (
        float(end) if bound is None else bound
        for bound, end in zip(roi.settings.bin_range, (values.min(), values.max()), strict=True)
    )
    if isinstance(how, FixedBinCount):
        places = steps_from(values, how, None) - 1
        grid = np.arange(1.0, how.bin_count + 1 if places.any() else 2)
    elif isinstance(how, FixedBinWidth):
        places = steps_from(values, how, low) - 1
        bins = _checked(max(int(np.ceil(round((high - low) / how.bin_width, 9))), int(places.max()) + 1))
        grid = low + (np.arange(bins) + 0.5) * how.bin_width
    else:
        if not (values == np.floor(values)).all():
            raise RadweaveError("the intensity-volume histogram of intensities that are not whole needs bins")
        low, high = np.floor(low), np.ceil(high)
        places = (values - low).astype(np.int64)
        grid = low + np.arange(_checked(int(high - low) + 1))
    counts = np.bincount(places, minlength=len(grid))
    return grid, np.cumsum(counts[::-1])[::-1] / len(values)


def _checked(bins: int) -> int:
    if bins > LARGEST_BIN_COUNT:
        raise Rejected("TOO_MANY_BINS", bins=bins, largest=LARGEST_BIN_COUNT)
    return bins


def _intensity(grid: NDArray[np.float64], at_least: NDArray[np.float64], volume: float) -> float:
    """The lowest intensity that no more than a part of the ROI has; NaN where more have the highest one."""
    below = np.flatnonzero(at_least <= volume + 1e-12)
    return float(grid[below[0]]) if len(below) else math.nan
