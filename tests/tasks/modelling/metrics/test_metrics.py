"""Metrics equal those of the libraries within one fold."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import cohen_kappa_score, r2_score, roc_auc_score

from features.core.outcome import Outcome
from tasks.modelling.metrics.metric import METRICS, Scored, metrics_of
from tasks.modelling.pairs import bootstrap_weights
from tasks.modelling.prediction import Prediction
from tests.support.design import ANY_ENDPOINT

LEVELS = ("a", "b", "c")


def scored(kind: str, outcome: Outcome, prediction: Prediction, train: Outcome | None = None) -> Scored:
    return Scored(np.arange(len(outcome)), outcome, prediction, train or outcome, ANY_ENDPOINT[kind])


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


def test_the_interval_of_a_sum_equals_drawing_patients_by_hand() -> None:
    rng = np.random.default_rng(3)
    seen = rng.normal(size=20)
    said = seen + rng.normal(size=20)
    fold = scored("continuous", Outcome.of_value(seen), Prediction(said, value=said))
    weights = bootstrap_weights(np.array([f"p{i // 2}" for i in range(20)]), 80, np.random.default_rng(1))
    found = METRICS.parse("r2").estimate([fold], weights)
    mean = seen.mean()
    by_hand = [1 - (row * (seen - said) ** 2).sum() / (row * (seen - mean) ** 2).sum() for row in weights]
    assert (found.low, found.high) == pytest.approx(tuple(np.quantile(by_hand, [0.025, 0.975])), abs=1e-12)


def test_what_cannot_be_compared_has_no_value_and_a_reason() -> None:
    code = np.zeros(6, np.intp)
    prediction = Prediction(np.zeros(6), np.tile([1.0, 0.0, 0.0], (6, 1)))
    weights = bootstrap_weights(np.arange(6).astype(str), 10, np.random.default_rng(0))
    for metric in metrics_of(ANY_ENDPOINT["ordinal"]):
        found = metric.estimate([scored("ordinal", Outcome(code, levels=LEVELS), prediction)], weights)
        assert found.value is None
        assert found.reason == "nothing to compare within a fold: 6 cases, 6 a, 0 b, 0 c"


def test_every_metric_of_an_endpoint_reads_what_it_predicts() -> None:
    gives = {"risk": {"risk"}, "classes": {"probability"}, "labels": {"probability"}}
    gives |= {"ranks": {"risk", "probability"}, "value": {"risk", "value"}}
    for endpoint in ANY_ENDPOINT.values():
        assert {metric.needs for metric in metrics_of(endpoint)} <= gives[endpoint.predicted]
