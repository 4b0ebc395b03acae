"""Columns of mean 0 and standard deviation 1, whatever stands in a cell."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tasks.modelling.preprocessing.scale.zscore import FittedZscore, Zscore
from tests.support.design import make_rows, make_target


def fitted(*columns: Any, **settings: Any) -> FittedZscore:
    rows = make_rows({f"c{i}": column for i, column in enumerate(columns)})
    return Zscore(**settings).fit(rows, make_target(np.arange(len(rows)) % 2), 0)


def applied(step: FittedZscore, *columns: Any) -> Any:
    return step.apply(make_rows({f"c{i}": column for i, column in enumerate(columns)})).X


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 10_000), exponent=st.integers(-290, 290), far=st.sampled_from([0.0, 1e4]))
def test_columns_have_mean_0_and_standard_deviation_1_in_any_unit(seed: int, exponent: int, far: float) -> None:
    column = (np.random.default_rng(seed).normal(size=50) + far) * 10.0**exponent
    found = applied(fitted(column), column)[:, 0]
    assert found.mean() == pytest.approx(0, abs=1e-9)
    assert found.std() == pytest.approx(1, abs=1e-9)


@settings(max_examples=40, deadline=None)
@given(
    values=st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=4, max_size=40),
    other=st.floats(allow_nan=False, allow_infinity=False),
)
def test_whatever_is_finite_stays_finite_and_within_the_limit(values: list[float], other: float) -> None:
    step = fitted(values)
    for found in (applied(step, values), applied(step, [other])):
        assert np.isfinite(found).all()
        assert np.abs(found).max() <= 20


@pytest.mark.parametrize("absurd", [[1e300], [-1e300], [1e300, -1.7e308], [3.4e38, 3.4e38], [1e12]])
def test_absurd_training_values_leave_the_others_as_they_are_without_them(absurd: list[float]) -> None:
    column = np.random.default_rng(0).lognormal(sigma=2, size=60)
    alone, step = fitted(column), fitted([*absurd, *column])
    np.testing.assert_allclose(applied(step, column), applied(alone, column), rtol=1e-12)
    assert applied(step, absurd).tolist() == [[0.0]] * len(absurd)
    rows = make_rows({"c0": [*absurd, *column]})
    assert step.remarks(rows) == {"c0: absurd values count as the training mean": len(absurd)}


def test_a_far_value_of_a_new_case_counts_as_the_limit_and_an_absurd_one_as_the_mean() -> None:
    column = np.arange(50.0)
    step = fitted(column, column, limit=3)
    assert applied(step, [1e300, 24.5], [24.5, 1000.0]).tolist() == [[0, 0], [0, 3]]
    said = step.remarks(make_rows({"c0": [1e300, 24.5], "c1": [24.5, 1000.0]}))
    assert said == {
        "c0: absurd values count as the training mean": 1,
        "values more than 3 standard deviations from the training mean count as 3": 1,
    }
    assert not step.remarks(make_rows({"c0": column, "c1": column}))


@pytest.mark.parametrize(
    "column",
    [
        np.random.default_rng(1).lognormal(sigma=3, size=2000),  # heavy tails are no faults
        np.r_[np.zeros(59), 1.0],  # a rare finding
        np.r_[np.zeros(50), 3.0, 4.0, 5000.0],  # counts, mostly none
        np.r_[np.ones(59), 1e300],  # nothing to compare it with: two values are a column of yes and no
    ],
    ids=["heavy tails", "rare", "counts", "two values"],
)
def test_what_may_be_meant_is_left_in_the_mean(column: Any) -> None:
    step = fitted(column)
    assert (step.low <= column.min()).all()
    assert (step.high >= column.max()).all()
    largest = column.max()
    assert step.spread[0] / largest == pytest.approx((column / largest).std(), rel=1e-12)


def test_missing_values_stay_missing_and_count_nothing() -> None:
    column = np.array([1.0, np.nan, 3.0, np.nan, 5.0])
    step = fitted(column, np.full(5, np.nan))
    assert step.mean[0] == 3
    found = applied(step, column, np.full(5, np.nan))
    np.testing.assert_allclose(found[:, 0], (column - 3) / np.sqrt(8 / 3))
    assert np.isnan(found[:, 1]).all()
