"""The bootstrap's .632+ value is that of the paper, and no model earns anything by knowing the cases that it was fitted to."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.neighbors import KNeighborsClassifier

from features.core.outcome import Outcome
from tasks.modelling.evaluation.evaluate import evaluate
from tasks.modelling.metrics.metric import METRICS, all_metrics_of
from tasks.modelling.optimism import corrected_estimate, no_information, plus_632
from tasks.modelling.prediction import Prediction
from tasks.modelling.scored import Scored
from tasks.modelling.splits.split import SPLITS, Fold, apparent_folds
from tests.support.design import ANY_ENDPOINT, make_design, make_study

Floats = NDArray[np.float64]
LINE = (0.0, 1.0)


def world(seed: int, n: int = 40, effect: float = 0.0) -> tuple[Any, list[Fold], Fold]:
    """A design of yes or no with five normal columns, its draws, and the fold of all cases."""
    rng = np.random.default_rng(seed)
    label = np.arange(n) % 2 == 0
    X = rng.normal(size=(n, 5)) + effect * label[:, None]
    design = make_design("binary", n=n, p=5, centres=1)
    columns = design.columns("radiomics")[:5]
    table = design.X[columns].copy()
    table[:] = X
    design = replace(design, X=table, blocks=dict.fromkeys(columns, "radiomics"), outcome=Outcome.of_flag(label))
    split = SPLITS.parse({"kind": "bootstrap_632_plus", "repeats": 12})
    return design, split.cut(design, seed), apparent_folds(split, design)[0]


def scored_by(model: Callable[[], Any], design: Any, fold: Fold) -> Scored:
    """A fold predicted by an estimator of scikit-learn; half is the threshold, and the risk is taken as log odds."""
    X, label = design.X.to_numpy(), design.outcome.flag
    risk = model().fit(X[fold.train], label[fold.train]).predict_proba(X[fold.test])[:, 1]
    seen, learnt = design.outcome.take(fold.test), design.outcome.take(fold.train)
    told = {"repeat": fold.repeat, "cut": 0.5, "line": LINE, "trained": fold.train}
    return Scored(fold.test, seen, Prediction(risk), learnt, design.endpoint, **told)


def of_model(model: Callable[[], Any], seed: int, effect: float = 0.0) -> list[tuple[float, float]]:
    """The .632+ value, and the plain .632 value, of AUC and of balanced accuracy."""
    design, draws, whole = world(seed, effect=effect)
    folds, own = [scored_by(model, design, fold) for fold in draws], scored_by(model, design, whole)
    both = []
    for judge in map(METRICS.parse, ("auc", "balanced_accuracy")):
        found = corrected_estimate(judge, folds, own, design.groups)
        left_out, apparent = judge.value(folds), judge.value([own])
        assert found.value is not None
        assert left_out is not None
        assert apparent is not None
        both.append((found.value, 0.368 * apparent + 0.632 * left_out))
    return both


MODELS = {
    "one neighbour": lambda: KNeighborsClassifier(1),
    "forest": lambda: RandomForestClassifier(10, random_state=0),
    "logistic": LogisticRegression,
}


@pytest.mark.parametrize("name", [pytest.param(name, marks=[pytest.mark.slow] * (name == "forest")) for name in MODELS])
def test_noise_scores_near_chance_whatever_the_model_remembers(name: str) -> None:
    """Over 20 seeds. A neighbour knows all cases that it was fitted to: the plain .632 rule gives it 0.68 on noise."""
    both = np.array([of_model(MODELS[name], seed) for seed in range(20)])  # seeds, metrics, rules
    np.testing.assert_allclose(both[:, :, 0].mean(axis=0), 0.5, atol=0.07)
    if name != "logistic":
        assert (both[:, :, 1].mean(axis=0) > 0.62).all()
    assert np.all(both[:, :, 0] <= both[:, :, 1] + 1e-12)


def test_a_signal_is_not_lost() -> None:
    found = [of_model(MODELS["logistic"], seed, effect=1.0)[0][0] for seed in range(5)]
    assert 0.85 < float(np.mean(found)) < 1.0


def test_it_is_the_paper_s_error_rate_by_a_plain_loop() -> None:
    """Balanced accuracy of two classes of one size is accuracy: errors, gamma and R' one by one."""
    design, draws, whole = world(3, effect=0.4)
    own = scored_by(MODELS["one neighbour"], design, whole)
    folds = [scored_by(MODELS["one neighbour"], design, fold) for fold in draws]
    label = design.outcome.flag
    wrong, counted = np.zeros(2), np.zeros(2)
    for fold, one in zip(draws, folds, strict=True):
        for i, risk in zip(fold.test, one.risk, strict=True):
            wrong[int(label[i])] += (risk > 0.5) != label[i]
            counted[int(label[i])] += 1
    error = float((wrong / counted).mean())
    apparent = float(np.mean((own.risk > 0.5) != label))
    p, q = float(label.mean()), float(np.mean(own.risk > 0.5))
    gamma = p * (1 - q) + (1 - p) * q
    bounded = min(error, gamma)
    overfit = (bounded - apparent) / (gamma - apparent)
    wanted = 0.368 * apparent + 0.632 * error + (bounded - apparent) * 0.368 * 0.632 * overfit / (1 - 0.368 * overfit)
    found = corrected_estimate(METRICS.parse("balanced_accuracy"), folds, own, design.groups)
    assert found.value == pytest.approx(1 - wanted, abs=1e-12)
    assert no_information(METRICS.parse("balanced_accuracy"), own) == pytest.approx(1 - gamma, abs=1e-12)


@pytest.mark.parametrize("metric", ["r2", "mae"])
def test_without_information_is_every_prediction_beside_every_outcome(metric: str) -> None:
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(30, 3)), rng.normal(size=30)
    value = Ridge().fit(X, y).predict(X)
    seen = Outcome.of_value(y)
    own = Scored(np.arange(30), seen, Prediction(value, value=value), seen, ANY_ENDPOINT["continuous"])
    distance = y[:, None] - value[None, :]
    wanted = {"mae": np.abs(distance).mean(), "r2": 1 - (distance**2).mean() / y.var()}[metric]
    assert no_information(METRICS.parse(metric), own) == pytest.approx(wanted, rel=1e-12)


@pytest.mark.parametrize(
    ("left_out", "apparent", "wanted"),
    [(0.7, 0.7, 0.7), (0.8, 0.7, 0.7632), (0.4, 1.0, 0.632 * 0.4 + 0.368 * 0.5), (0.4, 0.3, 0.368 * 0.3 + 0.632 * 0.4)],
)
def test_the_ends_of_the_rule(left_out: float, apparent: float, wanted: float) -> None:
    """No overfitting, luck, worse than chance where it is overfitted, and a model that cannot even tell its own cases."""
    found = plus_632(left_out, apparent, 0.5, higher_is_better=True)
    assert found == pytest.approx(wanted, abs=1e-9)
    assert plus_632(-left_out, -apparent, -0.5, higher_is_better=False) == pytest.approx(-found)


@pytest.mark.parametrize("kind", list(ANY_ENDPOINT))
def test_a_study_gives_every_score_a_value_or_a_sentence(kind: str) -> None:
    models = {
        "binary": "ridge_logistic",
        "survival": "ridge_cox",
        "competing_risks": "fine_gray",
        "continuous": "ridge",
    }
    model = models.get(kind, {"kind": "random_forest", "trees": 20})
    draws = 60 if kind == "continuous" else 6
    splits = [{"kind": "bootstrap_632_plus", "repeats": draws, "inner_folds": 2}]
    result = evaluate(make_design(kind, n=48), make_study(models=[model], splits=splits, thresholds="always"))
    assert {score.metric for score in result.scores} == {metric.kind for metric in all_metrics_of(ANY_ENDPOINT[kind])}
    for score in result.scores:
        uncorrected = METRICS.load(score.metric).uncorrected
        assert (score.value is None) == bool(uncorrected), score
        assert uncorrected in score.reason
        assert score.n > 40  # few draws leave some case out of none
    first = next(
        score for score in result.scores if score.metric == result.endpoint.metrics[0] and score.blocks == "radiomics"
    )
    assert result.predictions["fold"].nunique() == draws  # and not the fold in which all cases train
    if draws < 20:
        assert first.reason == "no interval: 6 draws do not tell how much models depend on their cases, it takes 20"
        return
    assert first.low is not None
    assert first.high is not None
    assert first.value is not None
    assert first.low < first.value < first.high
    assert "models built in this way on 48 cases" in first.interval_of
