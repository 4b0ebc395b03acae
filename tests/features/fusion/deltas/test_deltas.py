"""Values of every kind of delta against numpy, on planted courses of patients with days of their own."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from features.core.kinds.delta import DELTAS, Course, same_spans

RNG = np.random.default_rng(20)
WEEKS = {f"week{n}": 7 * n for n in range(1, 8)}


def _planted(cases: int = 40, visits: int = 7, columns: int = 5, *, missing: float = 0.2) -> Course:
    """Courses with own days; some values and days are missing."""
    days = np.cumsum(RNG.integers(1, 12, (cases, visits)), axis=1) - 10.0
    slopes = RNG.normal(0, 3, (cases, 1, columns))
    values = 50 + slopes * days[:, :, None] + RNG.normal(0, 5, (cases, visits, columns))
    values[RNG.random(values.shape) < missing] = np.nan
    days[RNG.random(days.shape) < missing / 4] = np.nan
    return Course(days, values)


def _each(course: Course) -> list[tuple[NDArray[Any], NDArray[Any], bool]]:
    """Days and values of each case and column, where both are there; and whether the first and the last visit have them."""
    found = []
    for days, values in zip(course.days, course.values, strict=True):
        for column in values.T:
            there = np.isfinite(days) & np.isfinite(column)
            found.append((days[there], column[there], bool(there[0] and there[-1])))
    return found


@pytest.mark.parametrize("least", [2, 4])
def test_a_slope_is_that_of_the_line_of_least_squares(least: int) -> None:
    course = _planted()
    wanted = [np.polyfit(t, y, 1)[0] if len(t) >= least else np.nan for t, y, _ in _each(course)]
    (name, found), *_ = DELTAS.parse({"kind": "slope", "least": least}).values(course).items()
    assert name == "slope"
    np.testing.assert_allclose(found.ravel(), wanted, rtol=1e-9, atol=1e-9)
    assert 0 < np.isnan(found).sum() < found.size or least == 2


def test_a_planted_slope_is_found_exactly_whatever_the_days() -> None:
    days = np.array([[0.0, 6, 15, 40], [-3, 2, 3, 90]])
    values = np.stack([10 + 2.5 * days, 100 - 0.125 * days], axis=2)
    found = DELTAS.parse("slope").values(Course(days, values))["slope"]
    np.testing.assert_allclose(found, [[2.5, -0.125], [2.5, -0.125]], rtol=1e-12)


def test_areas_are_those_of_trapezoids_over_own_days() -> None:
    course = _planted()
    each = _each(course)
    total = np.array([np.trapezoid(y, t) if whole else np.nan for t, y, whole in each])
    length = np.array([t[-1] - t[0] if whole else np.nan for t, _, whole in each])
    first = np.array([y[0] if whole else np.nan for _, y, whole in each])
    found = DELTAS.parse({"kind": "area", "how": ["total", "mean", "excess"]}).values(course)
    wanted = {"area": total, "area_mean": total / length, "area_excess": total - first * length}
    assert list(found) == list(wanted)
    for name, values in wanted.items():
        np.testing.assert_allclose(found[name].ravel(), values, rtol=1e-9, atol=1e-9)
    assert 0 < np.isnan(total).sum() < total.size


def test_an_area_needs_its_visits() -> None:
    days = np.array([[0.0, 7, 14]])
    values = np.array([[[1.0, 1, np.nan, 1], [2, np.nan, 2, 2], [3, 3, 3, np.nan]]])
    found = {n: DELTAS.parse({"kind": "area", "least": n}).values(Course(days, values))["area"][0] for n in (2, 3)}
    np.testing.assert_array_equal(found[2], [28.0, 28.0, np.nan, np.nan])
    np.testing.assert_array_equal(found[3], [28.0, np.nan, np.nan, np.nan])


def test_a_change_is_between_the_first_and_the_last_visit() -> None:
    days = np.array([[0.0, 5, 10], [0, 5, np.nan]])
    values = np.array([[[2.0, 0], [9, 9], [4, 3]], [[-2, np.nan], [9, 9], [1, 1]]])
    settings = {"since": "a", "until": "c", "how": ["absolute", "relative", "per_day"]}
    found = DELTAS.parse(settings).values(Course(days, values))  # without a kind it is a change
    np.testing.assert_array_equal(found["absolute"], [[2, 3], [3, np.nan]])
    np.testing.assert_array_equal(found["relative"], [[1, np.nan], [1.5, np.nan]])
    np.testing.assert_array_equal(found["per_day"], [[0.2, 0.3], [np.nan, np.nan]])


@pytest.mark.parametrize("kind", ["slope", "area"])
def test_no_case_and_no_value_give_no_value(kind: str) -> None:
    delta = DELTAS.parse(kind)
    for shape in ((0, 3, 2), (4, 3, 0), (4, 3, 2)):
        course = Course(np.tile([0.0, 1, 2], (shape[0], 1)), np.full(shape, np.nan))
        (values,) = delta.values(course).values()
        assert values.shape == (shape[0], shape[2])
        assert np.isnan(values).all()


def test_spans_are_from_the_first_time_point_to_the_prediction_unless_they_are_named() -> None:
    deltas = [
        DELTAS.parse(one) for one in ("slope", {"kind": "slope", "since": "week2"}, {"kind": "area", "until": "week3"})
    ]
    spans = same_spans(deltas, {"one": WEEKS, "two": WEEKS}, "week5")
    assert [span.words for span in spans] == ["week1_to_week5", "week2_to_week5", "week1_to_week3"]


@pytest.mark.parametrize(
    ("delta", "predict_at", "message"),
    [
        ({"kind": "slope", "until": "week6"}, "week5", 'the slope from "week1" to "week6" is known at week6, after'),
        ({"kind": "area"}, "week1", '"week1" is not before "week1"'),
        ({"kind": "slope", "since": "weak2"}, "week5", 'there is no time point "weak2"; allowed: week1'),
    ],
)
def test_a_span_that_cannot_be_is_refused(delta: dict, predict_at: str, message: str) -> None:
    with pytest.raises(Exception, match=message):
        DELTAS.parse(delta).span(WEEKS, predict_at)


def test_cohorts_that_begin_with_other_time_points_have_to_name_the_first() -> None:
    cohorts = {"one": WEEKS, "two": {"planning": 0, **WEEKS}}
    with pytest.raises(
        Exception, match="not the same in every cohort \\(one: week1, two: planning\\): name it by `since`"
    ):
        same_spans([DELTAS.parse("slope")], cohorts, "week5")
    assert same_spans([DELTAS.parse({"kind": "slope", "since": "week1"})], cohorts, "week5")[0].since == "week1"
