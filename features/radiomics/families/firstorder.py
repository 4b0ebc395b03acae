"""Firstorder: how the intensities inside the mask are distributed, whatever their places.

IBSI calls it intensity-based statistics (UHIW); entropy and uniformity, which pyradiomics has here, are of its intensity
histogram. Its kurtosis is less 3.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from features.core.compiled import njit
from features.radiomics.dialects.aggregation import Aggregation
from features.radiomics.dialects.roi import IbsiRoi, Roi
from features.radiomics.families.family import Family
from features.radiomics.formulas.slices import Values
from features.radiomics.formulas.statistics import statistics
from features.radiomics.voxels.order import median, percentile


class Firstorder(Family):
    """In the image's unit, its square for variance and energy. NaN: Skewness and Kurtosis of a ROI of one intensity."""

    kind: Literal["firstorder"] = "firstorder"

    def by_pyradiomics(self, roi: Roi) -> Mapping[str, float]:
        ordered, shift = roi.ordered, roi.settings.array_shift
        low, high = float(ordered[0]), float(ordered[-1])
        tenth, ninetieth = percentile(ordered, 10), percentile(ordered, 90)
        robust = ordered[np.searchsorted(ordered, tenth, "left") : np.searchsorted(ordered, ninetieth, "right")]
        mean, deviation, second, third, fourth = _moments(roi.values, low, high)
        square = (mean + shift) ** 2 + second
        entropy, uniformity = _shares(roi.levels.counts)
        return {
            "10Percentile": tenth,
            "90Percentile": ninetieth,
            "Energy": square * ordered.size,
            "Entropy": entropy,
            "InterquartileRange": percentile(ordered, 75) - percentile(ordered, 25),
            "Kurtosis": fourth / second**2 if second**2 > 0 else math.nan,
            "Maximum": high,
            "MeanAbsoluteDeviation": deviation,
            "Mean": mean,
            "Median": median(ordered),
            "Minimum": low,
            "Range": high - low,
            "RobustMeanAbsoluteDeviation": _robust(robust),
            "RootMeanSquared": math.sqrt(square),
            "Skewness": third / second**1.5 if second**2 > 0 else math.nan,
            "TotalEnergy": square * ordered.size * math.prod(roi.spacing_mm),
            "Uniformity": uniformity,
            "Variance": second,
            "StandardDeviation": math.sqrt(second),
        }

    def by_ibsi(self, roi: IbsiRoi, wanted: Sequence[Aggregation]) -> Values:  # noqa: ARG002
        square = float((roi.values**2).sum())
        return {None: [*statistics(roi.values, roi.ordered), square, float(np.sqrt(square / len(roi.values)))]}


def _moments(values: NDArray[np.float64], low: float, high: float) -> tuple[float, float, float, float, float]:
    """Mean, mean absolute deviation, and second to fourth central moment of values from low to high; NaN of none."""
    if not values.size:
        return math.nan, math.nan, math.nan, math.nan, math.nan
    mean = min(max(float(np.add.reduce(values)) / values.size, low), high)  # rounding may take it out of the range
    sums = np.zeros(4)
    _deviations(values, mean, sums)
    deviation, second, third, fourth = (value / values.size for value in sums.tolist())
    return mean, deviation, second, third, fourth


def _robust(ordered: NDArray[np.float64]) -> float:
    """Mean absolute deviation of values in their order."""
    return _moments(ordered, float(ordered[0]), float(ordered[-1]))[1] if ordered.size else math.nan


@njit(cache=True)
def _shares(counts: NDArray[np.int64]) -> tuple[float, float]:
    """Entropy in bits, and sum of the squares, of the shares of what is counted."""
    total, entropy, uniformity = counts.sum(), 0.0, 0.0
    for count in counts[counts > 0]:
        share = count / total
        entropy += share * math.log2(total / count)
        uniformity += share * share
    return entropy, uniformity


@njit(cache=True)
def _deviations(values: NDArray[np.float64], mean: float, sums: NDArray[np.float64]) -> None:
    """Add sums of the distances to the mean and of their powers from 2 to 4."""
    for start in range(0, values.size, 1024):  # sums of sums: rounding does not grow with the size of the ROI
        first = second = third = fourth = 0.0
        for i in range(start, min(start + 1024, values.size)):
            step = values[i] - mean
            square = step * step
            first += abs(step)
            second += square
            third += square * step
            fourth += square * square
        sums[0] += first
        sums[1] += second
        sums[2] += third
        sums[3] += fourth
