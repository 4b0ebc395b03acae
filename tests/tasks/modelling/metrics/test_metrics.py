"""Metrics equal those of the libraries within one fold."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import cohen_kappa_score, r2_score, roc_auc_score

from features.core.outcome import Outcome
from tasks.modelling.metrics.metric import METRICS, PairMetric, Scored, metrics_of
from tasks.modelling.pairs import share
from tasks.modelling.prediction import Prediction
from tests.support.design import ANY_ENDPOINT, make_outcome

LEVELS = ("a", "b", "c")
EVERY = [(kind, metric) for kind, endpoint in ANY_ENDPOINT.items() for metric in endpoint.metrics]
OF_PAIRS = [one for one in EVERY if isinstance(METRICS.parse(one[1]), PairMetric)]
OF_ROWS = [one for one in EVERY if one not in OF_PAIRS]


def scored(kind: str, outcome: Outcome, prediction: Prediction, train: Outcome | None = None) -> Scored:
    return Scored(np.arange(len(outcome)), outcome, prediction, train or outcome, ANY_ENDPOINT[kind])


def folds_of(kind: str, seed: int, centres: int = 3) -> list[Scored]:
    """Two folds of 30 cases of any endpoint, with predictions of every form, some of them tied."""
    rng = np.random.default_rng(seed)
    truth = rng.normal(size=60)
    outcome = make_outcome(kind, truth, rng)
    probability = rng.dirichlet(np.ones(max(len(outcome.levels), 2)), 60).round(1)
    prediction = Prediction((truth + rng.normal(size=60)).round(), probability, truth + rng.normal(size=60))
    centre = rng.integers(0, centres, 60).astype(str)
    return [
        Scored(own, outcome.take(own), prediction.take(own), outcome.take(other), ANY_ENDPOINT[kind], centre[own])
        for own, other in ((np.arange(30), np.arange(30, 60)), (np.arange(30, 60), np.arange(30)))
    ]


def part_of(fold: Scored, centre: str) -> Scored:
    """The cases of one centre of a fold."""
    own = np.flatnonzero(fold.centres == centre)
    outcome, prediction = fold.outcome.take(own), fold.prediction.take(own)
    return Scored(fold.rows[own], outcome, prediction, fold.train, fold.endpoint, fold.centres[own])


@pytest.mark.parametrize(("kind", "name"), OF_PAIRS)
def test_within_centres_is_the_share_of_all_centres_taken_apart(kind: str, name: str) -> None:
    metric, folds = METRICS.parse(name), folds_of(kind, 3)
    parts = [part_of(fold, centre) for fold in folds for centre in "012"]
    assert metric.value(folds, within=True) == pytest.approx(metric.value(parts), abs=1e-12)


@pytest.mark.parametrize(("kind", "name"), OF_PAIRS)
@settings(max_examples=10, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_the_value_is_the_share_of_the_pairs_that_are_compared(kind: str, name: str, seed: int) -> None:
    metric, folds = METRICS.parse(name), folds_of(kind, seed)
    assert isinstance(metric, PairMetric)
    for within in (False, True):
        sets = zip(*(metric.pairs_of(fold, within=within) for fold in folds), strict=True)
        expected = np.mean([one for one in map(share, sets) if one is not None])
        assert metric.value(folds, within=within) == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize(("kind", "name"), EVERY)
def test_one_centre_is_compared_within_itself(kind: str, name: str) -> None:
    metric, folds = METRICS.parse(name), folds_of(kind, 1, centres=1)
    assert metric.value(folds, within=True) == pytest.approx(metric.value(folds), abs=1e-12)


@pytest.mark.parametrize(("kind", "name"), OF_ROWS)
def test_a_metric_of_rows_within_centres_is_the_mean_of_its_centres_by_their_cases(kind: str, name: str) -> None:
    metric, folds = METRICS.parse(name), folds_of(kind, 5)
    parts = [part_of(fold, centre) for fold in folds for centre in "012"]
    total = 0.0
    for centre in "012":
        own = [part for part in parts if part.centres[0] == centre]
        value = metric.value(own)
        assert value is not None
        total += value * sum(len(part.rows) for part in own)
    assert metric.value(folds, within=True) == pytest.approx(total / 60)
    found = metric.estimate(folds, np.arange(60).astype(str), "fixed", within=True)
    assert None not in (found.low, found.high)


def test_recognising_the_centre_earns_nothing_within_centres() -> None:
    """One centre has three quarters of the positive cases, and the score says nothing but the centre."""
    label, centre = np.array([1, 1, 1, 0] * 10 + [1, 0, 0, 0] * 10), np.repeat(["a", "b"], 40)
    fold = Scored(
        np.arange(80), Outcome.of_flag(label > 0), Prediction((centre == "a").astype(float)), Outcome.of_flag(label > 0),
        ANY_ENDPOINT["binary"], centre,
    )  # fmt: skip
    auc = METRICS.parse("auc")
    assert (auc.value([fold]), auc.value([fold], within=True)) == (0.75, 0.5)


def test_nothing_to_compare_within_a_centre_has_a_reason() -> None:
    seen = Outcome.of_flag(np.array([True, False]))
    fold = Scored(np.arange(2), seen, Prediction(np.arange(2.0)), seen, ANY_ENDPOINT["binary"], np.array(["a", "b"]))
    found = METRICS.parse("auc").estimate([fold], np.array(["a", "b"]), "fixed", within=True)
    assert (found.value, found.reason) == (None, "no comparable pair within a centre of a fold: 1 of 2 cases positive")
    with pytest.raises(ValueError, match="1 centres of 2 rows"):
        Scored(np.arange(2), seen, Prediction(np.arange(2.0)), seen, ANY_ENDPOINT["binary"], np.array(["a"]))


LATE = "Uno’s C counts events before the last event of the training cases"


@pytest.mark.parametrize(
    ("folds", "horizon", "reason"),
    [
        # (event, days, last event of the training cases) of each fold
        ([([0, 0], [5, 9], 8)], None, "no comparable pair within a fold: 0 of 2 cases with an event"),
        ([([0, 1], [5, 7], 8)], None, "no comparable pair within a fold: 1 of 2 cases with an event"),
        ([([0, 1], [5, 9], 8)], None, f"{LATE} (day 8), and the only event here is not"),
        ([([1, 1], [8, 9], 8)], None, f"{LATE} (day 8), and none of the 2 events here is"),
        ([([1, 1], [8, 9], 20)], 6, "Uno’s C counts events before the horizon (day 6), and none of the 2 events here is"),
        ([([0, 1], [5, 9], 8), ([1, 0], [9, 5], 7)], None, f"{LATE}, and none of the 2 events here is"),
        (
            [([0, 1], [5, 7], 8), ([0, 1, 1], [5, 9, 9], 8)],
            None,
            f"{LATE} (day 8): 2 of 3 events here are not, and the other one has nobody to be compared with in a fold",
        ),
        (
            [([0, 1], [5, 7], 8), ([0, 1], [5, 7], 8), ([0, 1], [5, 9], 8)],
            None,
            f"{LATE} (day 8): 1 of 3 events here is not, and the other 2 have nobody to be compared with in a fold",
        ),
        (
            [([0, 1], [5, 30], 20), ([0, 1], [5, 30], 40)],
            25,
            "Uno’s C counts events before the horizon or the last event of the training cases, whichever is earlier, "
            "and none of the 2 events here is",
        ),
    ],
)  # fmt: skip
def test_the_reason_of_uno_says_what_keeps_events_out(
    folds: list[tuple[list[int], list[int], int]], horizon: float | None, reason: str
) -> None:
    endpoint = ANY_ENDPOINT["survival"].model_copy(update={"horizon_days": horizon})
    scored, start = [], 0
    for event, days, last in folds:
        seen = Outcome.of_days(np.array(event, bool), np.array(days, float))
        train = Outcome.of_days(np.array([True, True, False]), np.array([1.0, last, 50.0]))
        rows = np.arange(start, start + len(event))
        scored.append(Scored(rows, seen, Prediction(np.zeros(len(event))), train, endpoint))
        start += len(event)
    uno = METRICS.parse("uno_c")
    assert uno.value(scored) is None
    assert uno.undefined(scored) == reason


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_macro_auc_and_kappa_equal_scikit_learn(seed: int) -> None:
    rng = np.random.default_rng(seed)
    code = np.r_[[0, 1, 2], rng.integers(0, 3, 37)].astype(np.intp)
    probability = rng.dirichlet(np.ones(3), 40).round(2) + 0.01
    probability /= probability.sum(axis=1, keepdims=True)
    fold = scored("ordinal", Outcome(code, levels=LEVELS), Prediction(probability @ np.arange(3.0), probability))
    macro = METRICS.parse("macro_auc").value([fold])
    assert macro == pytest.approx(roc_auc_score(code, probability, multi_class="ovr", average="macro"), abs=1e-12)
    kappa = METRICS.parse("quadratic_kappa").value([fold])
    assert kappa == pytest.approx(cohen_kappa_score(code, fold.prediction.level, weights="quadratic"), abs=1e-12)


def test_r2_is_measured_from_the_mean_of_the_training_fold() -> None:
    rng = np.random.default_rng(0)
    seen, said = rng.normal(size=30), rng.normal(size=30)
    prediction = Prediction(said, value=said)
    same = scored("continuous", Outcome.of_value(seen), prediction)
    assert METRICS.parse("r2").value([same]) == pytest.approx(r2_score(seen, said), abs=1e-12)
    off = scored("continuous", Outcome.of_value(seen), prediction, train=Outcome.of_value(seen + 1))
    expected = 1 - ((seen - said) ** 2).sum() / ((seen - seen.mean() - 1) ** 2).sum()
    assert METRICS.parse("r2").value([off]) == pytest.approx(expected, abs=1e-12)


def test_what_cannot_be_compared_has_no_value_and_a_reason() -> None:
    code = np.zeros(6, np.intp)
    prediction = Prediction(np.zeros(6), np.tile([1.0, 0.0, 0.0], (6, 1)))
    for metric in metrics_of(ANY_ENDPOINT["ordinal"]):
        found = metric.estimate(
            [scored("ordinal", Outcome(code, levels=LEVELS), prediction)], np.arange(6).astype(str), "fixed"
        )
        assert found.value is None
        assert found.reason == "nothing to compare within a fold: 6 cases, 6 a, 0 b, 0 c"


def test_every_metric_of_an_endpoint_reads_what_it_predicts() -> None:
    gives = {"risk": {"risk"}, "classes": {"probability"}, "labels": {"probability"}}
    gives |= {"ranks": {"risk", "probability"}, "value": {"risk", "value"}}
    for endpoint in ANY_ENDPOINT.values():
        assert {metric.needs for metric in metrics_of(endpoint)} <= gives[endpoint.predicted]
