"""Curves and the log-rank test."""

from __future__ import annotations

import numpy as np
import pytest
from sksurv.compare import compare_survival

from tasks.modelling.curves.aalen_johansen import aalen_johansen
from tasks.modelling.curves.horizon import until_horizon
from tasks.modelling.curves.kaplan_meier import kaplan_meier
from tasks.modelling.curves.logrank import logrank_p
from tasks.modelling.curves.roc import fold_percentiles, roc

TIME = np.array([1.0, 2, 2, 3, 4, 5])
EVENT = np.array([True, True, False, True, False, True])
NO_TICKS = np.empty(0)


def test_kaplan_meier_by_hand() -> None:
    curve = kaplan_meier(TIME, EVENT, np.array([0.0, 2.0, 5.0]))
    assert curve.days == (0, 1, 2, 3, 4, 5)
    assert curve.share == pytest.approx((1, 5 / 6, 4 / 6, 4 / 9, 4 / 9, 0))
    assert (curve.at_risk, curve.n, curve.events) == ((6, 5, 1), 6, 4)
    assert all(low <= s <= high for low, s, high in zip(curve.low, curve.share, curve.high, strict=True))


def test_empty_group_has_no_curve() -> None:
    with pytest.raises(ValueError, match="at least one case"):
        kaplan_meier(TIME[:0], EVENT[:0], np.array([0.0]))


def test_incidences_and_the_free_share_add_up_to_one() -> None:
    rng = np.random.default_rng(4)
    time, code = np.ceil(rng.exponential(9, 80)), rng.integers(0, 3, 80)  # with ties
    first, second = (aalen_johansen(time, np.where(code == 2, order, code * (code == 1) * other), NO_TICKS)
                     for order, other in ((2, 1), (1, 2)))  # fmt: skip
    free = kaplan_meier(time, code > 0, NO_TICKS)
    assert first.days == free.days
    assert np.add(first.share, second.share) == pytest.approx(1 - np.array(free.share))
    assert (first.events, second.events) == (int((code == 1).sum()), int((code == 2).sum()))
    assert all(low <= share <= high for low, share, high in zip(first.low, first.share, first.high, strict=True))


def test_without_a_competing_event_incidence_is_one_minus_kaplan_meier() -> None:
    curve, free = aalen_johansen(TIME, EVENT.astype(int), NO_TICKS), kaplan_meier(TIME, EVENT, NO_TICKS)
    assert curve.share == pytest.approx(1 - np.array(free.share))
    assert curve.low == pytest.approx(1 - np.array(free.high))


def test_without_an_event_of_interest_incidence_stays_zero() -> None:
    curve = aalen_johansen(TIME, 2 * EVENT.astype(int), np.array([0.0, 3.0]))
    assert set(curve.share) == {0.0}
    assert (curve.at_risk, curve.n, curve.events) == ((6, 3), 6, 0)


@pytest.mark.parametrize("other", [np.bool_, np.intp])
def test_follow_up_ends_at_the_horizon_and_an_event_of_that_day_counts(other: type) -> None:
    days, code = until_horizon(TIME, EVENT.astype(other), 3.0)
    assert days.tolist() == [1, 2, 2, 3, 3, 3]
    assert code.tolist() == [1, 1, 0, 1, 0, 0]
    assert code.dtype == other
    assert until_horizon(TIME, EVENT, None) == (TIME, EVENT)


def test_curves_up_to_a_horizon_are_the_same_as_without_it_until_then() -> None:
    rng = np.random.default_rng(4)
    time, code = np.ceil(rng.exponential(9, 80)), rng.integers(0, 3, 80)
    cut = until_horizon(time, code, 8.0)
    for whole, part in (
        (kaplan_meier(time, code > 0, NO_TICKS), kaplan_meier(cut[0], cut[1] > 0, NO_TICKS)),
        (aalen_johansen(time, code, NO_TICKS), aalen_johansen(*cut, NO_TICKS)),
    ):
        seen = sum(day <= 8 for day in whole.days)
        assert part.days == whole.days[:seen]
        assert part.share == pytest.approx(whole.share[:seen])
        assert part.events < whole.events


def test_logrank_equals_scikit_survival() -> None:
    rng = np.random.default_rng(0)
    y = np.empty(60, dtype=[("event", bool), ("time", float)])
    y["event"], y["time"], group = rng.random(60) < 0.7, rng.integers(1, 40, 60), rng.random(60) < 0.4
    p, reason = logrank_p(y["time"], y["event"], group)
    assert p == pytest.approx(compare_survival(y, group)[1], rel=1e-9)
    assert reason == ""


def test_logrank_of_an_empty_group_is_undefined() -> None:
    assert logrank_p(TIME, EVENT, np.zeros(6, dtype=bool)) == (
        None,
        "one risk group is empty: 0 cases of high and 6 of low risk",
    )
    assert logrank_p(TIME, ~EVENT & EVENT, TIME > 2) == (None, "no event was seen")


def test_percentiles_are_ranks_within_folds() -> None:
    found = fold_percentiles(np.array([0.1, 0.2, 100.0, 200.0]), np.array([0, 0, 1, 1]))
    assert found.tolist() == [0.25, 0.75, 0.25, 0.75]


def test_roc_runs_from_corner_to_corner() -> None:
    curve = roc(np.array([False, True, False, True]), np.array([1.0, 2, 10, 20]), np.array([0, 0, 1, 1]))
    assert (curve.false_positive_rate[0], curve.true_positive_rate[0]) == (0, 0)
    assert (curve.false_positive_rate[-1], curve.true_positive_rate[-1]) == (1, 1)
    assert curve.true_positive_rate[1] == 1


def test_roc_of_one_class_is_undefined() -> None:
    assert roc(np.ones(3, dtype=bool), np.arange(3.0), np.zeros(3)).reason == "one class only: 3 positive of 3 cases"
