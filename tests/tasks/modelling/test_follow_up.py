"""Scores over follow-up equal those of scikit-survival and lifelines where the definitions agree, and keep their laws."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lifelines import CoxPHFitter, KaplanMeierFitter
from lifelines.utils import restricted_mean_survival_time
from sksurv.metrics import brier_score, cumulative_dynamic_auc, integrated_brier_score

from features.core.kinds.endpoint import surv
from features.core.outcome import Outcome
from tasks.modelling.censoring import Censoring
from tasks.modelling.follow_up.brier import brier_by_day, mean_over_days
from tasks.modelling.follow_up.hazard_ratio import log_hazard_ratio, moved_by
from tasks.modelling.follow_up.rmst import restricted_mean, time_lost
from tasks.modelling.follow_up.time_auc import auc_by_day
from tasks.modelling.follow_up.weights import weight_table
from tasks.modelling.metrics.metric import METRICS
from tasks.modelling.pairs import share
from tasks.modelling.prediction import Incidence, Prediction
from tasks.modelling.scored import Scored
from tests.support.design import ANY_ENDPOINT

MONTHS = np.array([1.0, 2, 2, 3, 3, 4, 5, 6])
SEEN = np.array([1, 1, 0, 1, 0, 1, 0, 1], bool)


def followed(seed: int, n: int = 80, *, apart: bool = False) -> tuple[Outcome, Any]:
    """An outcome and a risk that it follows. apart: no day holds both an event and a censoring."""
    rng = np.random.default_rng(seed)
    risk = rng.normal(size=n).round(1)
    time, censored = np.minimum(np.ceil(rng.exponential(60 * np.exp(-risk))), 300), np.ceil(rng.exponential(90, n))
    event = time <= censored
    days = np.minimum(time, censored)
    days = np.where(event, days, days + 0.5) if apart else days
    event[:2], days[:2] = (True, False), (3.0, 400.5)
    return Outcome.of_days(event, days), risk


def curves_of(risk: Any, days: Any) -> Any:
    """An incidence that rises over days, and with the risk."""
    return 1 - np.exp(-np.exp(risk[:, None]) * days / 90)


def scored(outcome: Outcome, risk: Any, kind: str = "survival", cut: float = 0.0) -> Scored:
    days = np.unique(np.linspace(1, 200, 100).round())
    causes = 1 if kind == "survival" else 2
    value = np.repeat(curves_of(risk, days)[:, None], causes, axis=1) / causes
    said = Prediction(risk, incidence=Incidence(days, value))
    return Scored(np.arange(len(outcome)), outcome, said, outcome, ANY_ENDPOINT[kind], cut=cut)


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_where_no_day_is_shared_values_are_those_of_scikit_survival(seed: int) -> None:
    train, _ = followed(seed + 1, apart=True)
    seen, risk = followed(seed, apart=True)
    assert train.days is not None
    assert seen.days is not None
    last = min(train.days.max(), seen.days.max(), train.days[train.flag].max())
    days = (
        np.unique(np.linspace(seen.days[seen.flag].min(), 0.9 * last, 12).round()) + 0.25
    )  # nobody leaves on such a day
    said, censoring = curves_of(risk, days), Censoring(train)
    peers = surv(train), surv(seen)
    expected = brier_score(*peers, 1 - said, days)[1]
    distance = brier_by_day(seen, censoring, said, days)
    np.testing.assert_allclose(distance.mean(axis=0), expected, atol=1e-12)
    whole = integrated_brier_score(*peers, 1 - said, days)
    assert mean_over_days(distance, days).mean() == pytest.approx(whole, abs=1e-12)
    np.testing.assert_allclose(
        auc_by_day(seen, censoring, risk, days), cumulative_dynamic_auc(*peers, risk, days)[0], atol=1e-9
    )


def test_weights_count_an_event_before_a_censoring_of_the_same_day() -> None:
    """By hand, of month 4: events by 1/G before their month; two are followed longer, where G is 5/8; the censored count nothing.

    A Brier score of one half is a quarter of the weights. scikit-survival takes G after the month, and gets more.
    """
    seen, month = Outcome.of_days(SEEN, MONTHS), np.array([4.0])
    weights = 4 * brier_by_day(seen, Censoring(seen), np.full((8, 1), 0.5), month)[:, 0]
    assert weights == pytest.approx([1, 1, 0, 6 / 5, 0, 8 / 5, 8 / 5, 8 / 5])
    assert brier_score(surv(seen), surv(seen), np.full(8, 0.5), 4.0)[1][0] > 0.26
    with pytest.raises(ValueError, match="no training case is followed until day 7; the last one is until day 6"):
        brier_by_day(seen, Censoring(seen), np.full((8, 1), 0.5), np.array([7.0]))


def test_whoever_is_censored_on_the_day_itself_is_known_to_be_free() -> None:
    """By hand: a trial ends on day 5, when two of five are free; one had the event, one another, one was lost on day 3.

    G is 1 until day 3 and 2/3 until day 5, so that each of the two counts 3/2. scikit-survival has no value: its G is 0 on day 5.
    """
    levels = ("none", "relapse", "death")
    seen = Outcome(np.array([1, 2, 0, 0, 0]), np.array([1.0, 2.0, 3.0, 5.0, 5.0]), levels=levels)
    day = np.array([5.0])
    assert weight_table(seen, Censoring(seen), day)[:, 0] == pytest.approx([1, 1, 0, 3 / 2, 3 / 2])
    said = np.array([[0.8], [0.4], [0.9], [0.1], [0.2]])
    distance = brier_by_day(seen, Censoring(seen), said, day)[:, 0]
    assert distance == pytest.approx([0.04, 0.16, 0, 0.015, 0.06])
    assert auc_by_day(seen, Censoring(seen), said[:, 0], day) == pytest.approx([1.0])
    curves = Prediction(said[:, 0], incidence=Incidence(day, said[:, :, None]))
    late = ANY_ENDPOINT["competing_risks"].model_copy(update={"horizon_days": 5.0})
    fold = Scored(np.arange(5), seen, curves, seen, late)
    assert METRICS.parse("brier_at_horizon").value([fold]) == pytest.approx((0.04 + 0.16 + 0.015 + 0.06) / 5)
    assert METRICS.parse("time_auc").value([fold]) == 1.0


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 10_000), day=st.integers(1, 60))
def test_one_half_has_a_brier_score_of_a_quarter_whatever_the_censoring(seed: int, day: int) -> None:
    seen, _ = followed(seed)
    distance = brier_by_day(seen, Censoring(seen), np.full((80, 1), 0.5), np.array([float(day)]))
    assert distance.mean() == pytest.approx(0.25, abs=1e-12)
    other, risk = followed(seed + 1)  # censored by other rules than the training cases
    half = Prediction(risk, incidence=Incidence(np.array([0.0]), np.full((80, 1, 1), 0.5)))
    fold = Scored(np.arange(80), other, half, seen, ANY_ENDPOINT["survival"])
    for name in ("brier_at_horizon", "integrated_brier"):
        assert METRICS.parse(name).value([fold]) == pytest.approx(0.25, abs=1e-12)


@pytest.mark.parametrize("kind", ["survival", "competing_risks"])
def test_the_auc_by_day_is_the_share_of_the_pairs_of_that_day(kind: str) -> None:
    seen, risk = followed(4)
    if kind == "competing_risks":
        code = np.where(seen.flag, 1 + np.arange(80) % 2, 0)
        seen = Outcome(code, seen.days, levels=("none", "relapse", "death"))
    fold, metric = scored(seen, risk, kind), METRICS.parse("time_auc")
    own = metric.pairs(fold)  # type: ignore[attr-defined]
    assert metric.value([fold]) == share(own)
    assert metric.value([fold]) == pytest.approx(
        auc_by_day(seen, fold.censoring, risk, np.array([fold.horizon]))[0], abs=1e-12
    )
    assert metric.value([scored(seen, -risk, kind)]) == pytest.approx(1 - share(own), abs=1e-12)  # type: ignore[operator]


def test_a_competing_event_counts_as_none_of_interest() -> None:
    """By hand: nobody is censored before day 5; of four cases one had it, one another event, two neither."""
    seen = Outcome(np.array([1, 2, 0, 0]), np.array([2.0, 3.0, 9.0, 9.0]), levels=("none", "relapse", "death"))
    said = np.array([[0.8], [0.4], [0.1], [0.2]])
    distance = brier_by_day(seen, Censoring(seen), said, np.array([5.0]))[:, 0]
    assert distance == pytest.approx([0.04, 0.16, 0.01, 0.04])


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_ratios_and_means_of_groups_are_those_of_lifelines(seed: int) -> None:
    seen, risk = followed(seed)
    assert seen.days is not None
    group, time = risk > 0, seen.days + np.linspace(0, 0.3, 80)  # no ties: lifelines treats them after Efron
    table = pd.DataFrame({"t": time, "e": seen.flag, "g": group.astype(float), "s": np.arange(80) % 2})
    peer = CoxPHFitter().fit(table, "t", "e", strata=["s"], robust=False)
    found = log_hazard_ratio(time, seen.flag, group, np.arange(80) % 2)
    assert found.log == pytest.approx(peer.params_["g"], abs=1e-3)  # where it stops
    for own in (group, ~group):
        curve = KaplanMeierFitter().fit(time[own], seen.flag[own])
        expected = restricted_mean_survival_time(curve, t=40.0)
        assert restricted_mean(time[own], seen.flag[own], 40.0)[0] == pytest.approx(expected, abs=1e-9)


def test_the_spread_of_a_ratio_is_near_that_of_the_likelihood() -> None:
    seen, risk = followed(2, 400)
    assert seen.days is not None
    found = log_hazard_ratio(seen.days, seen.flag, risk > 0, np.zeros(400, np.intp))
    table = pd.DataFrame({"t": seen.days, "e": seen.flag, "g": (risk > 0).astype(float)})
    peer = CoxPHFitter().fit(table, "t", "e").standard_errors_["g"]
    moved = moved_by(seen.days, seen.flag, risk > 0, np.zeros(400, np.intp), found)
    assert moved.sum() == pytest.approx(0, abs=1e-8)
    assert (moved**2).sum() ** 0.5 == pytest.approx(peer, rel=0.1)


def test_swapping_groups_turns_the_ratio_and_the_difference_round() -> None:
    seen, risk = followed(3)
    fold, other = scored(seen, risk), scored(seen, -risk)
    ratio, difference = METRICS.parse("hazard_ratio"), METRICS.parse("rmst_difference")
    one, two = (ratio.value([each]) for each in (fold, scored(seen, 1e-3 - risk)))
    assert one is not None
    assert two is not None
    assert one * two == pytest.approx(1, abs=1e-6)
    assert one > 1
    assert (difference.value([fold]) or 0) > 0 > (difference.value([other]) or 0)
    for metric in (ratio, difference):
        found = metric.estimate([fold], np.arange(80).astype(str), "fixed")
        assert found.low is not None
        assert found.high is not None
        assert found.low < (found.value or 0) < found.high
        resampled = metric.estimate([fold, replace(fold, repeat=1, cut=0.3)], np.arange(80).astype(str), "resampled")
        assert resampled.low is not None
        assert resampled.high is not None
        assert resampled.low < (resampled.value or 0) < resampled.high
        assert resampled.high - resampled.low > found.high - found.low


def test_what_was_seen_over_what_was_expected_is_1_where_all_is_known() -> None:
    seen = Outcome.of_days(np.ones(50, bool), np.arange(1.0, 51))
    share_by_day = np.broadcast_to(np.arange(1, 51) / 50, (50, 1, 50))
    said = Prediction(np.zeros(50), incidence=Incidence(np.arange(1.0, 51), share_by_day))
    fold = Scored(np.arange(50), seen, said, seen, ANY_ENDPOINT["survival"])
    assert METRICS.parse("observed_expected").value([fold]) == pytest.approx(25 / (50 * 0.5))  # median day: 25.5


def test_what_cannot_be_judged_says_why() -> None:
    seen, risk = followed(3)
    groups = np.arange(80).astype(str)

    def why(name: str, fold: Scored) -> str:
        found = METRICS.parse(name).estimate([fold], groups, "fixed")
        assert found.value is None
        return found.reason

    late = ANY_ENDPOINT["survival"].model_copy(update={"horizon_days": 401.0})
    fold = scored(seen, risk)
    beyond = Scored(fold.rows, seen, fold.prediction, seen, late)
    assert why("brier_at_horizon", beyond) == (
        "no training case of a fold is followed until day 401; the last one is until day 400.5, so that the endpoint needs an "
        "earlier horizon_days"
    )
    bare = Scored(fold.rows, seen, Prediction(risk), seen, ANY_ENDPOINT["survival"])
    assert why("integrated_brier", bare) == "the model gives no curves over follow-up"
    assert why("hazard_ratio", bare).startswith("no case of the training fold could be predicted out of fold")
    assert (
        why("hazard_ratio", scored(seen, risk, cut=99.0))
        == "one risk group is empty: 0 cases of high and 80 of low risk"
    )
    assert (
        why("rmst_difference", scored(seen, risk, cut=99.0))
        == "one risk group is empty: 0 cases of high and 80 of low risk"
    )
    never = Outcome.of_days(np.zeros(80, bool), np.arange(80.0))
    assert why(
        "time_auc", Scored(fold.rows, seen, fold.prediction, never, late.model_copy(update={"horizon_days": None}))
    ) == ("no training case had the event")


@pytest.mark.data
def test_a_real_table_has_the_scores_of_scikit_survival(public_data: Path) -> None:
    """nki70, one gene, 100 days of its years; a censoring is moved a little later, so that it shares no day with an event."""
    table = pd.read_csv(public_data / "genomic-survival" / "nki70_breast_144x77.csv")
    event, time = table["event"].to_numpy(bool), table["time"].to_numpy(float)
    seen, risk = Outcome.of_days(event, np.where(event, time, time + 1e-4)), table["TSPYL5"].to_numpy(float)
    days = np.linspace(np.quantile(time, 0.02), np.quantile(time, 0.8), 100)
    said = 1 - np.exp(-np.exp(risk[:, None] - risk.mean()) * days / days[-1])
    censoring, peers = Censoring(seen), (surv(seen), surv(seen))
    assert auc_by_day(seen, censoring, risk, days) == pytest.approx(
        cumulative_dynamic_auc(*peers, risk, days)[0], abs=1e-9
    )
    distance = brier_by_day(seen, censoring, said, days)
    assert distance.mean(axis=0) == pytest.approx(brier_score(*peers, 1 - said, days)[1], abs=1e-12)


DAYS = np.array([3, 5, 5, 8, 10, 12, 12, 15, 18, 20, 21, 25, 25, 30, 33, 36, 40, 41, 45, 50], float)
CAUSES = np.array([1, 2, 1, 0, 1, 2, 0, 1, 0, 2, 1, 1, 0, 2, 1, 0, 1, 2, 0, 0])


def test_time_lost_and_its_error_are_those_of_r() -> None:
    """survfit of R 4.2.2, survival 3.5.3, summary(rmean = 35), of every second case: with two states and with three."""
    first = np.arange(20) % 2 == 0
    for own, lost, free, error in (
        (first, 11.0333333333, 23.9666666667, 4.12004944235),
        (~first, 3.375, 30.4285714286, 2.83172366098),
    ):
        assert time_lost(DAYS[own], CAUSES[own], 35.0)[0] == pytest.approx(lost, abs=1e-9)
        mean, moved = restricted_mean(DAYS[own], CAUSES[own] == 1, 35.0)
        assert (mean, (moved**2).sum() ** 0.5) == (pytest.approx(free, abs=1e-9), pytest.approx(error, abs=1e-9))


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10_000), until=st.integers(1, 60))
def test_days_free_and_days_lost_to_each_cause_add_up(seed: int, until: int) -> None:
    seen, _ = followed(seed)
    assert seen.days is not None
    code = np.where(seen.flag, 1 + np.arange(80) % 2, 0)
    free = restricted_mean(seen.days, seen.flag, float(until))
    lost = [
        time_lost(seen.days, np.where(code == cause, 1, np.where(code > 0, 2, 0)), float(until)) for cause in (1, 2)
    ]
    assert free[0] + sum(mean for mean, _ in lost) == pytest.approx(until, abs=1e-9)
    np.testing.assert_allclose(free[1] + lost[0][1] + lost[1][1], 0, atol=1e-9)
    assert lost[0][1].sum() == pytest.approx(0, abs=1e-9)


def test_a_case_moves_days_lost_as_more_weight_of_it_does() -> None:
    whole, moved = time_lost(DAYS, CAUSES, 35.0)
    for case in (1, 2, 10, 13):
        times = np.full(20, 200)
        times[case] += 1
        heavier = time_lost(np.repeat(DAYS, times), np.repeat(CAUSES, times), 35.0)[0]
        assert (heavier - whole) * 200 == pytest.approx(moved[case], rel=0.01, abs=1e-3)


def test_the_group_of_high_risk_loses_more_days() -> None:
    code = CAUSES
    seen = Outcome(code, DAYS, levels=("none", "relapse", "death"))
    risk = np.where(np.arange(20) % 2 == 0, 1.0, -1.0)
    late = ANY_ENDPOINT["competing_risks"].model_copy(update={"horizon_days": 35.0})
    fold = Scored(np.arange(20), seen, Prediction(risk), seen, late, cut=0.0)
    found = METRICS.parse("rmtl_difference").estimate([fold], np.arange(20).astype(str), "fixed")
    assert found.value == pytest.approx(11.0333333333 - 3.375)
    assert found.low is not None
    assert found.high is not None
    assert found.low < found.value < found.high
    pairs = METRICS.parse("rmtl_difference").estimate([fold], np.repeat(np.arange(10), 2).astype(str), "fixed")
    assert pairs.low is not None  # patients of two rows, one in each group: what they share is taken off
