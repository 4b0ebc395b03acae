"""Scores of decisions, probabilities and distances equal those of scikit-learn, R and dcurves, and keep their laws."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import (
    average_precision_score,
    balanced_accuracy_score,
    brier_score_loss,
    mean_absolute_error,
    recall_score,
)

from features.core.outcome import Outcome
from tasks.modelling.curves.calibration import calibration_curve
from tasks.modelling.curves.decision import decision_curve
from tasks.modelling.intervals.words import other_data
from tasks.modelling.metrics.metric import METRICS, Scored, all_metrics_of
from tasks.modelling.precision import average_precision, moved_precision
from tasks.modelling.prediction import Prediction
from tests.support.design import ANY_ENDPOINT, BINARY

LEVELS = ("a", "b", "c")
LEARNT = (0.1, (-0.4, 1.3))


def value(name: str, *folds: Scored) -> float:
    found = METRICS.parse(name).value(folds)
    assert found is not None
    return found


def yes_or_no(label: object, risk: object, *, repeat: int = 0, first: int = 0) -> Scored:
    flag, order = np.asarray(label, bool), np.asarray(risk, float)
    rows, seen = np.arange(first, first + len(flag)), Outcome.of_flag(flag)
    return Scored(
        rows, seen, Prediction(order), seen, ANY_ENDPOINT["binary"], repeat=repeat, cut=LEARNT[0], line=LEARNT[1]
    )


def drawn(seed: int, n: int = 40) -> Scored:
    rng = np.random.default_rng(seed)
    label = np.r_[True, False, rng.random(n - 2) < 0.4]
    return yes_or_no(label, (rng.normal(size=n) + label).round(1))


def test_every_metric_of_the_folder_is_told_by_an_endpoint() -> None:
    told = {metric.kind for endpoint in ANY_ENDPOINT.values() for metric in all_metrics_of(endpoint)}
    assert told == set(METRICS.modules)
    for endpoint in ANY_ENDPOINT.values():
        names = [metric.kind for metric in all_metrics_of(endpoint)]
        assert len(names) == len(set(names))


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_decisions_and_probabilities_equal_scikit_learn(seed: int) -> None:
    fold = drawn(seed)
    label, said, called = fold.outcome.flag, fold.chances[:, 0], fold.risk > LEARNT[0]
    expected = {
        "auprc": average_precision_score(label, fold.risk),
        "balanced_accuracy": balanced_accuracy_score(label, called),
        "sensitivity": recall_score(label, called),
        "specificity": recall_score(~label, ~called),
        "brier": brier_score_loss(label, said),
        "scaled_brier": 1 - brier_score_loss(label, said) / (label.mean() * (1 - label.mean())),
    }
    assert {name: value(name, fold) for name in expected} == pytest.approx(expected, abs=1e-12)


@settings(max_examples=10, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_classes_and_ranks_equal_scikit_learn(seed: int) -> None:
    rng = np.random.default_rng(seed)
    code = np.r_[[0, 1, 2], rng.integers(0, 3, 37)].astype(np.intp)
    probability = rng.dirichlet(np.ones(3), 40)
    seen = Outcome(code, levels=LEVELS)
    classes = Scored(np.arange(40), seen, Prediction(probability=probability), seen, ANY_ENDPOINT["multiclass"])
    assert value("balanced_accuracy", classes) == pytest.approx(
        balanced_accuracy_score(code, probability.argmax(axis=1))
    )
    assert value("brier", classes) == pytest.approx(
        brier_score_loss(code, probability, labels=[0, 1, 2], scale_by_half=False)
    )
    ranks = replace(
        classes, prediction=Prediction(probability @ np.arange(3.0), probability), endpoint=ANY_ENDPOINT["ordinal"]
    )
    assert value("mae", ranks) == pytest.approx(mean_absolute_error(code, ranks.prediction.level))
    assert value("balanced_accuracy", ranks) == pytest.approx(balanced_accuracy_score(code, ranks.prediction.level))


@settings(max_examples=10, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_precision_of_classes_and_labels_equals_scikit_learn(seed: int) -> None:
    rng = np.random.default_rng(seed)
    code = np.r_[[0, 1, 2], rng.integers(0, 3, 37)].astype(np.intp)
    probability = rng.dirichlet(np.ones(3), 40).round(2)
    seen = Outcome(code, levels=LEVELS)
    classes = Scored(np.arange(40), seen, Prediction(probability=probability), seen, ANY_ENDPOINT["multiclass"])
    expected = average_precision_score(np.eye(3)[code], probability, average="macro")
    assert value("macro_auprc", classes) == pytest.approx(expected, abs=1e-12)
    flags = np.eye(3)[code].astype(np.intp)
    labels = replace(classes, outcome=Outcome(flags, levels=LEVELS), endpoint=ANY_ENDPOINT["multilabel"])
    assert value("macro_auprc", labels) == pytest.approx(expected, abs=1e-12)


def test_errors_of_a_number_equal_scikit_learn_and_least_squares() -> None:
    rng = np.random.default_rng(0)
    seen, said = rng.normal(size=30), rng.normal(size=30)
    fold = Scored(
        np.arange(30),
        Outcome.of_value(seen),
        Prediction(said, value=said),
        Outcome.of_value(seen),
        ANY_ENDPOINT["continuous"],
    )
    assert value("mae", fold) == pytest.approx(mean_absolute_error(seen, said))
    assert value("calibration_intercept", fold) == pytest.approx((seen - said).mean())
    assert value("calibration_slope", fold) == pytest.approx(np.polyfit(said, seen, 1)[0])


def test_one_half_has_a_brier_score_of_a_quarter_and_the_training_share_one_of_zero_scaled() -> None:
    fold = drawn(3)
    assert value("brier", replace(fold, line=(0.0, 0.0))) == 0.25
    share = fold.train.flag.mean()
    assert value("scaled_brier", replace(fold, line=(float(np.log(share / (1 - share))), 0.0))) == pytest.approx(
        0, abs=1e-12
    )


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 10_000), intercept=st.floats(-1, 1), slope=st.floats(0.3, 2))
def test_recalibrating_makes_probabilities_right(seed: int, intercept: float, slope: float) -> None:
    fold = drawn(seed, 60)
    known = METRICS.parse("calibration_slope").value([replace(fold, line=(intercept, slope))])
    if known is None:  # separated
        return
    again = replace(fold, line=(intercept * known, slope * known))
    shift = value("calibration_intercept", again)
    right = replace(fold, line=(intercept * known + shift, slope * known))
    assert value("calibration_slope", right) == pytest.approx(1, abs=1e-6)
    assert value("calibration_intercept", right) == pytest.approx(0, abs=1e-6)


def test_predictions_that_separate_the_classes_have_no_slope_and_say_so() -> None:
    label = np.arange(20) >= 10
    found = METRICS.parse("calibration_slope").estimate(
        [yes_or_no(label, np.arange(20.0))], np.arange(20).astype(str), "fixed"
    )
    assert (found.value, found.reason) == (None, "the predictions separate the classes")
    found = METRICS.parse("calibration_slope").estimate(
        [yes_or_no(label, np.ones(20))], np.arange(20).astype(str), "fixed"
    )
    assert (found.value, found.reason) == (None, "all predictions are equal")


def test_net_benefit_at_the_training_share_is_that_of_the_decision_curve() -> None:
    fold = drawn(5)
    share = np.array([fold.train.flag.mean()])
    curve = decision_curve(fold.outcome.flag, fold.chances[:, 0], share)
    assert value("net_benefit", fold) == pytest.approx(curve.model[0], abs=1e-12)
    assert curve.everybody[0] == pytest.approx(0, abs=1e-12)


def test_equal_scores_are_one_step_of_precision() -> None:
    assert value("auprc", yes_or_no([1, 0, 0, 1], [2, 2, 2, 2])) == 0.5


def test_a_fold_that_learned_nothing_says_how_it_would() -> None:
    fold = replace(drawn(1), cut=float("nan"), line=(float("nan"), float("nan")))
    for name in ("sensitivity", "brier", "calibration_slope", "net_benefit"):
        found = METRICS.parse(name).estimate([fold, drawn(2)], np.arange(40).astype(str), "fixed")
        assert found.value is None
        assert found.reason.startswith("1 of 2 folds learned no threshold and no probabilities")
        assert "`thresholds: always` in the study" in found.reason
    lacks = replace(drawn(1), prediction=Prediction(risk=np.zeros(40)), endpoint=ANY_ENDPOINT["multiclass"])
    assert (
        METRICS.parse("brier").estimate([lacks], np.arange(40).astype(str), "fixed").reason
        == "the model gives no probabilities"
    )


def test_all_positives_found_has_the_limit_of_clopper_and_pearson() -> None:
    fold = yes_or_no([1] * 20 + [0] * 10, [1.0] * 20 + [0.0] * 10)
    found = METRICS.parse("sensitivity").estimate([fold], np.arange(30).astype(str), "fixed")
    assert (found.value, found.low, found.high) == (1.0, pytest.approx(0.8316, abs=1e-4), 1.0)


def test_every_score_has_an_interval_of_one_model_and_of_cross_validation() -> None:
    groups = np.arange(40).astype(str)
    folds = [drawn(1), replace(drawn(1), repeat=1)]
    for metric in all_metrics_of(BINARY):
        fixed, resampled = metric.estimate(folds[:1], groups, "fixed"), metric.estimate(folds, groups, "resampled")
        assert fixed.value is not None
        assert fixed.low is not None
        assert fixed.high is not None
        assert fixed.low < fixed.value < fixed.high
        assert resampled.value is not None
        assert resampled.low is not None
        assert resampled.high is not None
        assert resampled.low < resampled.value < resampled.high
        these = metric.over_folds == "these"
        assert resampled.interval_of.startswith("the models of these folds" if these else "the mean score of models")
    small = METRICS.parse("auprc").estimate(folds, groups, "resampled")
    assert small.interval_of == other_data(40, 40)


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 10_000), n=st.integers(1, 90), places=st.integers(0, 3))
def test_a_calibration_curve_holds_every_case_once_and_lies_within_0_and_1(seed: int, n: int, places: int) -> None:
    rng = np.random.default_rng(seed)
    said = rng.random(n).round(places)
    curve = calibration_curve(rng.random(n) < said, said)
    assert sum(curve.n) == n
    assert list(curve.predicted) == sorted(set(curve.predicted))
    for low, seen, high in zip(curve.low, curve.seen, curve.high, strict=True):
        assert 0 <= low <= seen <= high <= 1


@pytest.mark.data
def test_a_badly_calibrated_model_equals_r_and_dcurves(public_data: Path) -> None:
    """R's glm, and dcurves 1.1.7 at 0.1, 0.2, 0.35 and 0.5, of a fixed model on a public table."""
    table = pd.read_csv(public_data / "radmlbench" / "Veeraraghavan2020.csv.gz")
    X = table[["Mean", "StDev"]].to_numpy(float)
    risk = 0.3 + (X - X.mean(axis=0)) / X.std(axis=0) @ [0.9, -0.7]
    fold = replace(yes_or_no(table["Target"] == 1, risk), line=(0.0, 1.0))
    assert value("calibration_intercept", fold) == pytest.approx(-1.2085351423, abs=1e-6)
    assert value("calibration_slope", fold) == pytest.approx(-0.1229928612, abs=1e-6)
    curve = decision_curve(fold.outcome.flag, fold.chances[:, 0], np.array([0.1, 0.2, 0.35, 0.5]))
    assert curve.model == pytest.approx([0.231111, 0.13, -0.029744, -0.286667], abs=1e-6)
    label, said = fold.outcome.flag, fold.chances[:, 0]
    assert value("brier", fold) == pytest.approx(brier_score_loss(label, said), abs=1e-12)
    assert value("auprc", fold) == pytest.approx(average_precision_score(label, risk), abs=1e-12)


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 10_000), places=st.integers(0, 2))
def test_a_case_moves_the_average_precision_as_more_weight_of_it_does(seed: int, places: int) -> None:
    fold, times = drawn(seed, 20), np.full(20, 400)
    label, risk = fold.outcome.flag, fold.risk.round(places)
    moved, case = moved_precision(label, risk), seed % 20
    assert moved.sum() == pytest.approx(0, abs=1e-12)
    times[case] += 1
    more = average_precision(np.repeat(label, times), np.repeat(risk, times)) - average_precision(label, risk)
    assert more * 400 == pytest.approx(moved[case], rel=0.02, abs=1e-4)
