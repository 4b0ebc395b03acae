"""Autocorrelation: sums over pairs, written out."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.spatial.distance import pdist, squareform

from features.radiomics.voxels.autocorrelation import autocorrelation

SPACING = np.array([2.0, 1.0, 0.5])


@pytest.mark.parametrize("seed", range(4))
def test_autocorrelation_is_the_sum_over_all_pairs(seed: int) -> None:
    rng = np.random.default_rng(seed)
    mask = rng.random((4, 5, 6 + seed)) < 0.7
    values = rng.normal(100, 5, int(mask.sum()))
    distance = squareform(pdist(np.argwhere(mask) * SPACING))
    np.fill_diagonal(distance, np.inf)
    weights, centred, n = 1 / distance, values - values.mean(), len(values)
    moran = n / weights.sum() * (weights * np.outer(centred, centred)).sum() / (centred**2).sum()
    squares = (values[:, None] - values[None, :]) ** 2
    geary = (n - 1) / (2 * weights.sum()) * (weights * squares).sum() / (centred**2).sum()
    assert autocorrelation(values, mask, SPACING) == pytest.approx((moran, geary), rel=1e-10)
