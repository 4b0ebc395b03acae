"""The prediction interval of a new centre."""

from __future__ import annotations

import numpy as np
import pytest

from tasks.modelling.intervals.new_centre import new_centre_interval


def test_the_interval_by_hand() -> None:
    """Scores 0.6, 0.7, 0.8, 0.7: variance 0.02/3; t with 3 degrees of freedom 3.182446; 1 + 2/4 for four centres of one size."""
    half = 3.182446 * (0.02 / 3 * 1.5) ** 0.5
    found = new_centre_interval(0.7, [0.6, 0.7, 0.8, 0.7], [0.25] * 4)
    assert found == pytest.approx((0.7 - half, 0.7 + half), abs=1e-6)


def test_few_centres_have_none() -> None:
    with pytest.raises(ValueError, match="3 centres do not tell"):
        new_centre_interval(0.7, [0.6, 0.7, 0.8], [1 / 3] * 3)


def test_it_holds_a_new_centre_as_often_as_it_says() -> None:
    rng = np.random.default_rng(0)
    scores = rng.normal(0.7, 0.05, (2000, 7))
    ends = [new_centre_interval(row[:6].mean(), row[:6].tolist(), [1 / 6] * 6) for row in scores]
    covers = np.mean([low <= row[6] <= high for (low, high), row in zip(ends, scores, strict=True)])
    assert 0.94 < covers < 0.98  # more than 0.95: the centres of this test do not train each other
