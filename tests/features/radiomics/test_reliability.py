"""Intraclass correlation: the published example, identities of its intervals, and missing values."""

from __future__ import annotations

import math
import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from features.core.errors import RadweaveError
from features.radiomics.reliability import reliability, reliability_of

# Shrout & Fleiss 1979, table 2: six targets, four judges.
JUDGES = np.array([[9, 2, 5, 8], [6, 1, 3, 2], [8, 4, 6, 8], [7, 1, 2, 6], [10, 5, 6, 9], [6, 2, 4, 7]], float)


def test_the_published_example() -> None:
    found = reliability("score", JUDGES)
    assert (round(found.icc_2_1, 2), round(found.icc_3_1, 2)) == (0.29, 0.71)
    assert (found.n, found.k) == (6, 4)
    assert (round(found.icc_2_1_low, 3), round(found.icc_2_1_high, 2)) == (0.019, 0.76)
    assert (round(found.icc_3_1_low, 3), round(found.icc_3_1_high, 2)) == (0.342, 0.95)


def _ratio(table: np.ndarray) -> float:
    n, k = table.shape
    rows, columns = table.mean(axis=1, keepdims=True), table.mean(axis=0, keepdims=True)
    between = k * ((rows - table.mean()) ** 2).sum() / (n - 1)
    return float(between / (((table - rows - columns + table.mean()) ** 2).sum() / ((n - 1) * (k - 1))))


@settings(max_examples=30, deadline=None)
@given(st.integers(3, 12), st.integers(2, 6), st.integers(0, 2**32 - 1))
def test_an_interval_ends_at_zero_where_the_f_test_says_so(n: int, k: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    table = rng.normal(0, 1.5, (n, 1)) + rng.normal(0, 1, (n, k)) + rng.normal(0, 1, (1, k))
    ratio = _ratio(table)
    p = float(stats.f.sf(ratio, n - 1, (n - 1) * (k - 1)))
    if not 1e-6 < p < 0.49:
        return
    found = reliability("x", table, level=1 - 2 * p)
    assert found.icc_3_1 == pytest.approx((ratio - 1) / (ratio + k - 1))
    assert found.icc_3_1_low == pytest.approx(0, abs=1e-7)
    if p < 0.1 and found.icc_2_1 > 0:  # its bounds are approximations, made for such intervals
        assert found.icc_2_1_low <= found.icc_2_1 <= found.icc_2_1_high


@settings(max_examples=30, deadline=None)
@given(st.floats(0.1, 100), st.floats(-1000, 1000), st.integers(0, 2**32 - 1))
def test_units_change_nothing_and_a_rater_s_offset_only_agreement(scale: float, shift: float, seed: int) -> None:
    table = np.random.default_rng(seed).normal(0, 1, (8, 1)) + np.random.default_rng(seed + 1).normal(0, 0.4, (8, 3))
    first, other = reliability("x", table), reliability("x", table * scale + shift)
    assert other.icc_2_1 == pytest.approx(first.icc_2_1, rel=1e-7)
    assert other.icc_3_1_high == pytest.approx(first.icc_3_1_high, rel=1e-7)
    offset = reliability("x", table + np.array([0.0, 1.0, 5.0]))
    assert offset.icc_3_1 == pytest.approx(first.icc_3_1)
    assert abs(offset.icc_2_1) < abs(first.icc_2_1)  # it may be below 0, and comes nearer to it


def test_intervals_hold_the_truth_as_often_as_they_say() -> None:
    """Variances 4 (targets), 1 (raters), 1 (rest): the correlations are 4 / 6 and 4 / 5."""
    rng = np.random.default_rng(0)
    hits = np.zeros(2)
    for _ in range(400):
        table = rng.normal(0, 2, (15, 1)) + rng.normal(0, 1, (1, 6)) + rng.normal(0, 1, (15, 6))
        found = reliability("x", table)
        hits += found.icc_2_1_low < 4 / 6 < found.icc_2_1_high, found.icc_3_1_low < 4 / 5 < found.icc_3_1_high
    assert ((hits / 400 > 0.92) & (hits / 400 < 0.98)).all()


def test_targets_with_a_missing_value_are_left_out() -> None:
    table = np.vstack([JUDGES, [[1.0, np.nan, 2.0, 3.0]]])
    assert reliability("score", table) == reliability("score", JUDGES)


def test_perfect_agreement_is_one() -> None:
    found = reliability("x", np.repeat(np.arange(5.0)[:, None], 3, axis=1))
    assert [found.icc_2_1, found.icc_2_1_low, found.icc_2_1_high] == [1.0, 1.0, 1.0]
    assert [found.icc_3_1, found.icc_3_1_low, found.icc_3_1_high] == [1.0, 1.0, 1.0]


@pytest.mark.parametrize("scale", [1e-200, 1.0, 1e200])
def test_agreement_but_for_rounding_is_one(scale: float) -> None:
    rng = np.random.default_rng(0)
    table = rng.normal(40, 9, (9, 1)) * (1 + np.finfo(float).eps * rng.integers(0, 2, (9, 2))) * scale
    found = reliability("x", table)
    assert [found.icc_2_1, found.icc_2_1_low, found.icc_3_1_high] == pytest.approx([1.0, 1.0, 1.0])


@pytest.mark.parametrize(
    "table",
    [np.full((4, 3), 0.1), np.ones((1, 3)) * [[1, 2, 3]], np.arange(4.0)[:, None], np.tile([1.0, 2.0], (4, 1))],
    ids=["constant", "one target", "one rater", "targets alike"],
)
def test_what_does_not_vary_has_no_correlation(table: np.ndarray) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = reliability("x", np.asarray(table, float))
    assert math.isnan(found.icc_2_1) and math.isnan(found.icc_3_1)
    assert (found.n, found.k) == np.shape(table)


def test_a_table_of_readers_is_the_same_in_any_order() -> None:
    targets = [f"p{i}" for i in range(6) for _ in range(4)]
    raters = [f"reader {j}" for _ in range(6) for j in range(4)]
    values = JUDGES.reshape(-1)
    order = np.random.default_rng(1).permutation(24)
    (found,) = reliability_of(
        [targets[i] for i in order], [raters[i] for i in order], {"score": [values[i] for i in order]}
    )
    assert found.icc_2_1 == pytest.approx(reliability("score", JUDGES).icc_2_1, rel=1e-12)
    kept = [i for i in range(24) if i != 5]
    (fewer,) = reliability_of([targets[i] for i in kept], [raters[i] for i in kept], {"score": values[kept].tolist()})
    assert fewer.n == 5
    with pytest.raises(RadweaveError, match='a target has two rows of the rater "b"'):
        reliability_of(["x", "x", "x"], ["a", "b", "b"], {"score": [1, 2, 3]})
