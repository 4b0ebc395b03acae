"""Intervals on the scale of a score."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.modelling.intervals.scale import logit_interval, loss_interval


def test_the_interval_of_an_auc_is_that_of_a_logit_by_hand() -> None:
    """logit(0.8) = 1.386294; standard error 0.05 / 0.16 = 0.3125; 1.386294 ± 0.612487."""
    assert logit_interval(0.8, 0.0025) == pytest.approx((0.684344, 0.880669), abs=1e-6)


@given(share=st.floats(0.001, 0.999), variance=st.floats(1e-6, 1.0))
def test_intervals_hold_the_score_and_mirror_it(share: float, variance: float) -> None:
    low, high = logit_interval(share, variance)
    assert 0 <= low < share < high <= 1
    assert logit_interval(1 - share, variance) == pytest.approx((1 - high, 1 - low), abs=1e-9)
    low, high = loss_interval(share, variance)
    assert low < share < high <= 1


def test_scores_at_the_end_have_none() -> None:
    with pytest.raises(ValueError, match="the share is 1"):
        logit_interval(1.0, 0.1)
    with pytest.raises(ValueError, match="the score is 1"):
        loss_interval(1.0, 0.1)
