"""GLCM: grey level co-occurrence matrix (IBSI LFYI). Symmetrical, of neighbours at Chebyshev distance 1."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from features.core.portable import power
from features.radiomics.dialects.roi import IbsiRoi
from features.radiomics.ibsi1.directions import aggregate_directions
from features.radiomics.ibsi1.feature import Aggregation, Feature
from features.radiomics.ibsi1.matrix import Matrix, entropy, histogram
from features.radiomics.voxels.texture import Texture

FEATURES = (
    Feature("joint_maximum", "GYBY", "cm_joint_max", "largest p(i, j)"),
    Feature("joint_average", "60VM", "cm_joint_avg", "sum of i · p(i, j)"),
    Feature("joint_variance", "UR99", "cm_joint_var", "sum of (i − joint average)² · p(i, j)"),
    Feature("joint_entropy", "TU9B", "cm_joint_entr", "entropy of p(i, j) in bits"),
    Feature("difference_average", "TF7R", "cm_diff_avg", "mean of k = |i − j|"),
    Feature("difference_variance", "D3YU", "cm_diff_var", "variance of k = |i − j|"),
    Feature("difference_entropy", "NTRS", "cm_diff_entr", "entropy of k = |i − j| in bits"),
    Feature("sum_average", "ZGXS", "cm_sum_avg", "mean of k = i + j"),
    Feature("sum_variance", "OEEB", "cm_sum_var", "variance of k = i + j"),
    Feature("sum_entropy", "P6QZ", "cm_sum_entr", "entropy of k = i + j in bits"),
    Feature("angular_second_moment", "8ZQL", "cm_energy", "sum of p(i, j)²"),
    Feature("contrast", "ACUI", "cm_contrast", "sum of (i − j)² · p(i, j)"),
    Feature("dissimilarity", "8S9J", "cm_dissimilarity", "sum of |i − j| · p(i, j)"),
    Feature("inverse_difference", "IB1Z", "cm_inv_diff", "sum of p(i, j) / (1 + |i − j|)"),
    Feature("normalised_inverse_difference", "NDRX", "cm_inv_diff_norm", "sum of p(i, j) / (1 + |i − j| / Ng)"),
    Feature("inverse_difference_moment", "WF0Z", "cm_inv_diff_mom", "sum of p(i, j) / (1 + (i − j)²)"),
    Feature(
        "normalised_inverse_difference_moment",
        "1QCO",
        "cm_inv_diff_mom_norm",
        "sum of p(i, j) / (1 + (i − j)² / Ng²)",
    ),
    Feature("inverse_variance", "E8JP", "cm_inv_var", "sum of p(i, j) / (i − j)² where i and j differ"),
    Feature("correlation", "NI2N", "cm_corr", "covariance of i and j by their variance"),
    Feature("autocorrelation", "QWB0", "cm_auto_corr", "sum of i · j · p(i, j)"),
    Feature("cluster_tendency", "DG8W", "cm_clust_tend", "sum of (i + j − 2 · joint average)² · p(i, j)"),
    Feature("cluster_shade", "7NFM", "cm_clust_shade", "sum of (i + j − 2 · joint average)³ · p(i, j)"),
    Feature("cluster_prominence", "AE86", "cm_clust_prom", "sum of (i + j − 2 · joint average)⁴ · p(i, j)"),
    Feature(
        "information_correlation_1",
        "R8DG",
        "cm_info_corr1",
        "(joint entropy − entropy of independent i and j) / entropy of i",
    ),
    Feature(
        "information_correlation_2",
        "JN9H",
        "cm_info_corr2",
        "root of 1 − exp(2 · (joint entropy − entropy of independent i and j))",
    ),
)


def compute(roi: IbsiRoi, wanted: Sequence[Aggregation]) -> dict[Aggregation, list[float]]:
    """Values of FEATURES by aggregation."""
    return aggregate_directions(roi, wanted, _matrices, lambda matrix: pair_features(matrix, roi.level_count))


def _matrices(texture: Texture, flat: bool) -> list[Matrix]:  # noqa: ARG001
    """Of the directions along which there are pairs, in both orders; one that is empty if there are none."""
    present, voxels = texture.found.present, len(texture.found.values)
    found = []
    for pairs in np.moveaxis(texture.pairs, 2, 0):
        rows, columns = np.nonzero(both := pairs + pairs.T)
        if len(rows):
            found.append(Matrix(present[rows], present[columns], both[rows, columns].astype(np.float64), voxels))
    none = np.empty(0, np.int64)
    return found or [Matrix(none, none, np.empty(0), voxels)]


def pair_features(matrix: Matrix, level_count: int) -> list[float]:
    """Values of FEATURES of a symmetrical matrix; NaN where it is empty."""
    if not len(matrix.counts):
        return [float("nan")] * len(FEATURES)
    p = matrix.counts / matrix.counts.sum()
    rows, columns = matrix.rows, matrix.columns
    i, j = rows.astype(np.float64), columns.astype(np.float64)
    difference, total = np.abs(i - j), i + j
    of_level = histogram(rows, p)
    of_difference, of_sum = histogram(np.abs(rows - columns), p), histogram(rows + columns, p)
    mean = float((i * p).sum())
    variance = float(((i - mean) ** 2 * p).sum())
    dissimilarity, contrast = float((difference * p).sum()), float((difference**2 * p).sum())
    apart = difference > 0
    cluster = total - 2 * mean
    joint, single = entropy(p), entropy(of_level)
    shared = max(2 * single - joint, 0.0)  # both entropies of independent i and j are twice that of i: p is symmetrical
    return [
        float(p.max()),
        mean,
        variance,
        joint,
        dissimilarity,
        float(((difference - dissimilarity) ** 2 * p).sum()),
        entropy(of_difference),
        float((total * p).sum()),
        float((cluster**2 * p).sum()),
        entropy(of_sum),
        float((p**2).sum()),
        contrast,
        dissimilarity,
        float((p / (1 + difference)).sum()),
        float((p / (1 + difference / level_count)).sum()),
        float((p / (1 + difference**2)).sum()),
        float((p / (1 + difference**2 / level_count**2)).sum()),
        float((p[apart] / difference[apart] ** 2).sum()),
        float(((i - mean) * (j - mean) * p).sum()) / variance if variance > 0 else float("nan"),
        float((i * j * p).sum()),
        float((cluster**2 * p).sum()),
        float((power(cluster, 3) * p).sum()),
        float((power(cluster, 4) * p).sum()),
        -shared / single if single > 0 else float("nan"),
        math.sqrt(1 - math.exp(-2 * shared)),
    ]
