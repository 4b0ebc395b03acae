"""Sums of ranks beside scipy."""

from __future__ import annotations

import numpy as np
from scipy.stats import rankdata

from features.core.rank_sums import rank_sums


def test_sums_of_ranks_with_ties_are_those_of_scipy() -> None:
    rng = np.random.default_rng(0)
    X, chosen = rng.integers(0, 6, (40, 9)).astype(float), rng.random(40) < 0.3
    np.testing.assert_array_equal(rank_sums(X, chosen), rankdata(X, axis=0)[chosen].sum(axis=0))
