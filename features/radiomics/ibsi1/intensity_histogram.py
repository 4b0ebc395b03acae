"""Intensity histogram (IBSI ZVCW): of the grey levels inside the intensity mask, in space."""

from __future__ import annotations

import numpy as np

from features.radiomics.dialects.roi import IbsiRoi
from features.radiomics.ibsi1.feature import Feature
from features.radiomics.ibsi1.intensity_statistics import statistics
from features.radiomics.ibsi1.matrix import entropy

FEATURES = (
    Feature("mean", "X6K6", "ih_mean", "mean level"),
    Feature("variance", "CH89", "ih_var", "mean of squared differences from the mean"),
    Feature("skewness", "88K1", "ih_skew", "third central moment by the 1.5th power of the variance"),
    Feature("excess_kurtosis", "C3I7", "ih_kurt", "fourth central moment by the squared variance, less 3"),
    Feature("median", "WIFQ", "ih_median", "median"),
    Feature("minimum", "1PR8", "ih_min", "lowest"),
    Feature("10th_percentile", "GPMT", "ih_p10", "10th percentile, interpolated linearly"),
    Feature("90th_percentile", "OZ0C", "ih_p90", "90th percentile, interpolated linearly"),
    Feature("maximum", "3NCY", "ih_max", "highest"),
    Feature("interquartile_range", "WR0O", "ih_iqr", "75th less 25th percentile"),
    Feature("range", "5Z3W", "ih_range", "highest less lowest"),
    Feature("mean_absolute_deviation", "D2ZX", "ih_mad", "mean distance from the mean"),
    Feature(
        "robust_mean_absolute_deviation",
        "WRZB",
        "ih_rmad",
        "the same of what lies from the 10th to the 90th percentile",
    ),
    Feature("median_absolute_deviation", "4RNL", "ih_medad", "mean distance from the median"),
    Feature("coefficient_of_variation", "CWYJ", "ih_cov", "standard deviation by mean"),
    Feature(
        "quartile_coefficient_of_dispersion",
        "SLWD",
        "ih_qcod",
        "interquartile range by the sum of 25th and 75th percentile",
    ),
    Feature("mode", "AMMC", "ih_mode", "most frequent level; of several, the one nearest to the mean"),
    Feature("entropy", "TLU2", "ih_entropy", "entropy of the levels in bits"),
    Feature("uniformity", "BJ5W", "ih_uniformity", "sum of squared probabilities"),
    Feature("maximum_histogram_gradient", "12CE", "ih_max_grad", "steepest rise of the histogram"),
    Feature("maximum_histogram_gradient_level", "8E6O", "ih_max_grad_g", "its level"),
    Feature("minimum_histogram_gradient", "VQB3", "ih_min_grad", "steepest fall of the histogram"),
    Feature("minimum_histogram_gradient_level", "RHQZ", "ih_min_grad_g", "its level"),
)


def compute(roi: IbsiRoi) -> list[float]:
    """Values of FEATURES. The gradients are central differences, one-sided at both ends; NaN for a single bin."""
    levels = roi.levels.values.astype(np.float64)
    counts = np.bincount(roi.levels.values, minlength=roi.level_count + 1)[1:].astype(np.float64)
    frequent = np.flatnonzero(counts == counts.max()) + 1.0
    mode = float(frequent[np.argmin(np.abs(frequent - levels.mean()))])
    p = counts / len(levels)
    found = [*statistics(levels), mode, entropy(p), float((p**2).sum())]
    if len(counts) < 2:
        return [*found, *[float("nan")] * 4]
    gradient = np.gradient(counts)
    rise, fall = int(np.argmax(gradient)), int(np.argmin(gradient))
    return [*found, float(gradient[rise]), rise + 1.0, float(gradient[fall]), fall + 1.0]
