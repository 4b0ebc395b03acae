"""Statistics: what rounding must not show."""

from __future__ import annotations

import numpy as np

from features.radiomics.formulas.statistics import statistics


def test_statistics_of_values_far_from_zero_are_not_made_of_rounding() -> None:
    flat = np.full(7, 0.1)
    assert np.isnan(statistics(flat, flat)[2])
    assert statistics(flat, flat)[1] == 0
