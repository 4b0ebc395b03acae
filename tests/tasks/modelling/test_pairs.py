"""Shares of concordant pairs: equal to the libraries within one fold, honest over several."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import roc_auc_score
from sksurv.metrics import concordance_index_censored, concordance_index_ipcw

from features.core.outcome import Outcome
from tasks.modelling.censoring import Censoring
from tasks.modelling.pairs import (
    auc_pairs,
    cause_pairs,
    harrell_pairs,
    share,
    uno_pairs,
)


def survival(n: int, seed: int) -> tuple[Any, Any, Any, Any]:
    rng = np.random.default_rng(seed)
    y = np.empty(n, dtype=[("event", bool), ("time", np.float64)])
    y["event"], y["time"] = rng.random(n) < 0.6, rng.integers(1, 30, n)
    return np.arange(n), y, rng.integers(0, 12, n).astype(float), rng


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_auc_of_one_fold_equals_scikit_learn(seed: int) -> None:
    rng = np.random.default_rng(seed)
    label, score = np.arange(30) % 3 == 0, rng.integers(0, 8, 30).astype(float)
    assert share([auc_pairs(np.arange(30), label, score)]) == pytest.approx(roc_auc_score(label, score), abs=1e-12)


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_harrell_of_one_fold_equals_scikit_survival(seed: int) -> None:
    rows, y, score, _ = survival(40, seed)
    expected = concordance_index_censored(y["event"], y["time"], score)[0]
    assert share([harrell_pairs(rows, y["event"], y["time"], score)]) == pytest.approx(expected, abs=1e-12)


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 10_000), horizon=st.sampled_from([None, 12.0]))
def test_uno_of_one_fold_equals_scikit_survival_where_events_and_censorings_share_no_day(
    seed: int, horizon: float | None
) -> None:
    rows, y, score, _ = survival(40, seed)
    train = survival(80, seed + 1)[1]
    for seen in (y, train):
        seen["time"][~seen["event"]] += 0.5
    tau = min(train["time"][train["event"]].max(), horizon or np.inf)
    expected = concordance_index_ipcw(train, y, score, tau=tau)[0]
    censoring = Censoring(Outcome.of_days(train["event"], train["time"]), horizon)
    pairs = uno_pairs(rows, y["event"], y["time"], score, censoring)
    assert share([pairs]) == pytest.approx(expected, abs=1e-12)


MONTHS = np.array([1.0, 2, 2, 3, 3, 4, 5, 6])
SEEN = np.array([1, 1, 0, 1, 0, 1, 0, 1], bool)


def test_uno_counts_an_event_before_a_censoring_of_the_same_day() -> None:
    """By hand: G just before months 1 to 4 is 1, 1, 5/6, 5/8; pairs 7, 6, 4, 2, of which 7, 5, 2, 2 are concordant."""
    score = np.array([8.0, 6, 7, 3, 5, 4, 2, 1])
    pairs = uno_pairs(np.arange(8), SEEN, MONTHS, score, Censoring(Outcome.of_days(SEEN, MONTHS)))
    assert pairs.comparable.sum(axis=1) == pytest.approx([7, 6, 0, 4 * (6 / 5) ** 2, 0, 2 * (8 / 5) ** 2, 0, 0])
    assert share([pairs]) == pytest.approx((7 + 5 + 2.88 + 5.12) / (7 + 6 + 5.76 + 5.12))  # 0.8375
    y = np.array(list(zip(SEEN, MONTHS, strict=True)), dtype=[("event", bool), ("time", float)])
    after = concordance_index_ipcw(y, y, score, tau=6.0)[0]  # G after these months: 1, 5/6, 5/8, 5/8
    assert after == pytest.approx((7 + 7.2 + 5.12 + 5.12) / (7 + 8.64 + 10.24 + 5.12))  # 0.7884


def test_scores_of_different_folds_are_never_compared() -> None:
    label = np.array([True, False])
    one = auc_pairs(np.array([0, 1]), label, np.array([0.9, 0.8]))
    other = auc_pairs(np.array([2, 3]), label, np.array([0.2, 0.1]))
    assert share([one, other]) == 1.0


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_without_other_causes_the_cause_s_pairs_are_uno_s_with_g_before_the_day(seed: int) -> None:
    """Where no day holds both an event and a censoring, G is the same before and after the event."""
    rows, y, score, _ = survival(40, seed)
    days = np.where(y["event"], y["time"], y["time"] + 0.5)
    censoring = Censoring(Outcome.of_days(y["event"], days))
    uno = share([uno_pairs(rows, y["event"], days, score, censoring)])
    cause = share([cause_pairs(rows, y["event"].astype(np.intp), days, score, censoring)])
    assert cause == pytest.approx(uno, abs=1e-12)


def test_without_censoring_whoever_had_another_event_never_has_that_of_interest() -> None:
    """Wolbers 2014: of case 0 (event on day 2) the pairs are 1 (day 5), 2 (another event on day 1) and 3 (on day 9)."""
    code, days = np.array([1, 1, 2, 2], np.intp), np.array([2.0, 5.0, 1.0, 9.0])
    censoring = Censoring(Outcome(np.array([1, 1, 2], np.intp), days=np.array([4.0, 20.0, 8.0])))
    found = cause_pairs(np.arange(4), code, days, np.array([3.0, 2.0, 4.0, 1.0]), censoring)
    assert found.comparable.tolist() == [[0, 1, 1, 1], [0, 0, 1, 1], [0, 0, 0, 0], [0, 0, 0, 0]]
    assert share([found]) == 3 / 5


def test_censoring_before_a_day_counts_none_of_that_day() -> None:
    """By hand: of four, one event and one censored on day 1, in this order; one censored on day 2; one event on day 3."""
    train = Outcome(np.array([1, 0, 0, 1], np.intp), days=np.array([1.0, 1.0, 2.0, 3.0]))
    days = np.array([0.5, 1.0, 2.0, 3.0, 4.0])
    assert Censoring(train).free_before(days) == pytest.approx([1, 1, 2 / 3, 1 / 3, 0])
    assert Censoring(train).free(days[:4]) == pytest.approx([1, 2 / 3, 1 / 3, 1 / 3])
