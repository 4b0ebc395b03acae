"""Intensity-based statistics (IBSI UHIW): of the intensities inside the intensity mask, in space."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from features.core.portable import power
from features.radiomics.dialects.roi import IbsiRoi
from features.radiomics.ibsi1.feature import Feature

FEATURES = (
    Feature("mean", "Q4LE", "stat_mean", "mean"),
    Feature("variance", "ECT3", "stat_var", "mean of squared differences from the mean"),
    Feature("skewness", "KE2A", "stat_skew", "third central moment by the 1.5th power of the variance"),
    Feature("excess_kurtosis", "IPH6", "stat_kurt", "fourth central moment by the squared variance, less 3"),
    Feature("median", "Y12H", "stat_median", "median"),
    Feature("minimum", "1GSF", "stat_min", "lowest"),
    Feature("10th_percentile", "QG58", "stat_p10", "10th percentile, interpolated linearly"),
    Feature("90th_percentile", "8DWT", "stat_p90", "90th percentile, interpolated linearly"),
    Feature("maximum", "84IY", "stat_max", "highest"),
    Feature("interquartile_range", "SALO", "stat_iqr", "75th less 25th percentile"),
    Feature("range", "2OJQ", "stat_range", "highest less lowest"),
    Feature("mean_absolute_deviation", "4FUA", "stat_mad", "mean distance from the mean"),
    Feature(
        "robust_mean_absolute_deviation",
        "1128",
        "stat_rmad",
        "the same of what lies from the 10th to the 90th percentile",
    ),
    Feature("median_absolute_deviation", "N72L", "stat_medad", "mean distance from the median"),
    Feature("coefficient_of_variation", "7TET", "stat_cov", "standard deviation by mean"),
    Feature(
        "quartile_coefficient_of_dispersion",
        "9S40",
        "stat_qcod",
        "interquartile range by the sum of 25th and 75th percentile",
    ),
    Feature("energy", "N8CA", "stat_energy", "sum of squares"),
    Feature("root_mean_square", "5ZWQ", "stat_rms", "root of the mean square"),
)


def compute(roi: IbsiRoi) -> list[float]:
    """Values of FEATURES."""
    square = float((roi.values**2).sum())
    return [*statistics(roi.values), square, float(np.sqrt(square / len(roi.values)))]


def statistics(values: NDArray[np.float64]) -> list[float]:
    """The sixteen features that intensities and grey levels share: FEATURES without the last two."""
    mean, median = float(values.mean()), float(np.median(values))
    centred = values - mean if np.ptp(values) else np.zeros(len(values))  # no trace of rounding of the mean
    variance = float((centred**2).mean())
    p10, p25, p75, p90 = (float(p) for p in np.percentile(values, (10, 25, 75, 90)))
    middle = values[(values >= p10) & (values <= p90)]
    lowest, highest = float(values.min()), float(values.max())
    return [
        mean,
        variance,
        _ratio(float(power(centred, 3).mean()), variance**1.5),
        _ratio(float(power(centred, 4).mean()), variance**2) - 3,
        median,
        lowest,
        p10,
        p90,
        highest,
        p75 - p25,
        highest - lowest,
        float(np.abs(centred).mean()),
        float(np.abs(middle - middle.mean()).mean()) if len(middle) else float("nan"),
        float(np.abs(values - median).mean()),
        _ratio(float(np.sqrt(variance)), mean),
        _ratio(p75 - p25, p75 + p25),
    ]


def _ratio(above: float, below: float) -> float:
    return above / below if below else float("nan")
