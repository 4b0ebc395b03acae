"""Stacking: that of scikit-learn on the same folds, weights that are shares, and what it says of members that fail."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.ensemble import (
    GradientBoostingClassifier,
    GradientBoostingRegressor,
    StackingClassifier,
    StackingRegressor,
)
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.naive_bayes import GaussianNB

from features.core.errors import FitError
from features.core.outcome import Outcome
from tasks.modelling.fusion.weighing.weights import block_weights
from tasks.modelling.members import FittedEnsemble
from tasks.modelling.models.model import MODELS
from tasks.modelling.models.stacking import FittedStacking, Stacking, folds_of
from tasks.modelling.rows import Rows
from tasks.modelling.target import Target
from tests.support.design import ANY_ENDPOINT, BINARY, make_design, make_rows
from tests.support.public_tables import nki70
from tests.support.radmlbench import read_radmlbench

TIGHT = {"tol": 1e-10, "max_iter": 50_000}
BOOSTED = {"n_estimators": 40, "learning_rate": 0.05, "max_depth": 2, "max_features": "sqrt", "random_state": 5}


def bare(kind: str, name: str = "", **settings: Any) -> dict[str, Any]:
    """A candidate whose steps change nothing here."""
    return {"name": name or kind, "steps": ["median"], "model": {"kind": kind, **settings}}


def stacking(models: list[Any], **settings: Any) -> Stacking:
    return Stacking.model_validate({"models": models, **settings})


@pytest.fixture(params=["made", pytest.param("WORC-Lipo", marks=pytest.mark.data)])
def table(request: pytest.FixtureRequest) -> tuple[np.ndarray, np.ndarray]:
    """Forty columns of spread 1, (n, 40), and two classes, (n,)."""
    if request.param == "made":
        design = make_design(n=90, p=40, nan=0.0)
        X, y = design.X.filter(regex=r"radiomics_\d+$").to_numpy(), design.outcome.flag
    else:
        rows, target = read_radmlbench(request.getfixturevalue("public_data"), request.param, columns=40)
        X, y = rows.X, target.outcome.flag
    return (X - X.mean(axis=0)) / X.std(axis=0), y


def rows_of(X: np.ndarray) -> Rows:
    return make_rows({f"c{i}": column for i, column in enumerate(X.T)})


def test_two_classes_are_those_of_scikit_learn(table: tuple[np.ndarray, np.ndarray]) -> None:
    """By a logistic regression on what members say out of fold. Largest difference on WORC-Lipo: 1e-7."""
    X, y = table
    rows, target = rows_of(X), Target(Outcome.of_flag(y), BINARY)
    members = [bare("ridge_logistic", C=[0.01]), bare("gradient_boosting", stop_after=[40])]
    model = stacking(members, final=bare("ridge_logistic", C=[1.0]), folds=4)
    peer = StackingClassifier(
        [("ridge", LogisticRegression(C=0.01, **TIGHT)), ("boosted", GradientBoostingClassifier(**BOOSTED))],
        LogisticRegression(**TIGHT),
        cv=folds_of(rows, target, 4, 5),
        stack_method="decision_function",
    ).fit(X, y)
    risk = model.fit(rows, target, 5).predict(rows).risk
    np.testing.assert_allclose(risk, peer.decision_function(X), atol=1e-5)


def test_classes_and_numbers_are_those_of_scikit_learn(table: tuple[np.ndarray, np.ndarray]) -> None:
    X, number = table[0][:, :-1], table[0][:, -1]
    level, rows = np.digitize(number, np.quantile(number, [1 / 3, 2 / 3])), rows_of(X)
    target = Target(Outcome(level, levels=("a", "b", "c")), ANY_ENDPOINT["multiclass"])
    members = [bare("ridge_logistic", C=[0.1]), bare("naive_bayes")]
    found = stacking(members, final=bare("ridge_logistic", C=[1.0])).fit(rows, target, 0).predict(rows).probability
    peers = [("ridge", LogisticRegression(C=0.1, **TIGHT)), ("bayes", GaussianNB())]
    folds = folds_of(rows, target, 5, 0)
    peer = StackingClassifier(peers, LogisticRegression(**TIGHT), cv=folds).fit(X, level)
    np.testing.assert_allclose(found, peer.predict_proba(X), atol=1e-5)
    valued = Target(Outcome.of_value(number), ANY_ENDPOINT["continuous"])
    members = [bare("ridge", alpha=[30.0]), bare("gradient_boosting", stop_after=[40])]
    value = stacking(members, final=bare("ridge", alpha=[1.0])).fit(rows, valued, 5).predict(rows).value
    pair = [("ridge", Ridge(alpha=30.0)), ("boosted", GradientBoostingRegressor(**BOOSTED))]
    told = StackingRegressor(pair, Ridge(alpha=1.0), cv=folds_of(rows, valued, 5, 5)).fit(X, number).predict(X)
    np.testing.assert_allclose(value, told, atol=1e-6)


@pytest.mark.data
def test_weights_of_follow_up_are_those_of_a_plain_loop(public_data: Path) -> None:
    """nki70: members refitted by hand on the same folds, martingale residuals by hand."""
    data = nki70(public_data)
    rows, target = data.rows, data.target
    members = [bare("ridge_cox", alpha_fraction=[4.0]), bare("coxnet", alpha_fraction=[0.3])]
    fitted = stacking(members, folds=3).fit(rows, target, 1)
    assert isinstance(fitted, FittedEnsemble)
    folds = folds_of(rows, target, 3, 1)
    seen = np.concatenate([test for _, test in folds])
    fold = np.repeat([0, 1, 2], [len(test) for _, test in folds])
    event, days = data.event[seen], data.days[seen]
    times = np.unique(days)
    died, at_risk = (
        np.array([f(t) for t in times]) for f in (lambda t: event[days == t].sum(), lambda t: (days >= t).sum())
    )
    residual = event - np.array([(died / at_risk)[times <= t].sum() for t in days])
    told = []
    for one in members:
        model = MODELS.parse(one["model"])
        each = [
            model.fit(rows.take(train), target.take(train), 1).predict(rows.take(test)).risk for train, test in folds
        ]
        told.append(np.concatenate([part - part.mean() for part in each if part is not None]))
    centred = residual - np.array([residual[fold == k].mean() for k in fold])
    spread = [np.sqrt((one**2).mean()) for one in told]
    weights = block_weights(
        np.array([one / s for one, s in zip(told, spread, strict=True)])[:, :, None], centred[:, None]
    )
    np.testing.assert_allclose(list(fitted.shares.values()), weights / weights.sum(), atol=1e-9)
    risk = [MODELS.parse(one["model"]).fit(rows, target, 1).predict(rows).risk for one in members]
    expected = sum(w / s * r for w, s, r in zip(weights, spread, risk, strict=True) if r is not None)
    assert np.corrcoef(fitted.predict(rows).risk, expected)[0, 1] == pytest.approx(1, abs=1e-9)
    assert fitted.predict(rows).incidence is not None


@pytest.mark.parametrize(
    ("endpoint", "seeing", "blind"),
    [
        ("binary", bare("ridge_logistic", C=[0.1]), bare("lasso_logistic", C=[1e-6])),
        ("multiclass", bare("ridge_logistic", C=[0.1]), bare("lasso_logistic", C=[1e-6])),
        ("survival", bare("ridge_cox", alpha_fraction=[1.0]), bare("coxnet", alpha_fraction=[1.0])),
    ],
)
def test_weights_are_shares_and_who_says_the_same_of_all_has_none(endpoint: str, seeing: Any, blind: Any) -> None:
    design = make_design(endpoint, n=90, nan=0.0, signal=3.0)
    rows = make_rows({"signal": design.X["radiomics_0"], "noise": design.X["radiomics_5"]})
    noisy = bare("nearest_neighbours", neighbours=[1]) if endpoint != "survival" else bare("ridge_cox", "again")
    fitted = stacking([seeing, blind, noisy]).fit(rows, Target(design.outcome, design.endpoint), 0)
    assert isinstance(fitted, FittedEnsemble)
    shares = list(fitted.shares.values())
    assert sum(shares) == pytest.approx(1) and min(shares) >= 0
    assert shares[1] == pytest.approx(0, abs=1e-9) and shares[0] > 0.3


def test_members_that_fail_are_said_and_too_few_events_too() -> None:
    design = make_design(n=60, nan=0.0)
    rows, target = Rows.of(design).keep(np.arange(3)), Target(design.outcome, design.endpoint)
    few = bare("nearest_neighbours", neighbours=[50])  # of 60 cases, but not of 48
    with pytest.warns(UserWarning, match="stacking: nearest_neighbours was left out: .*50 neighbours of 48 training"):
        found = stacking([bare("ridge_logistic"), few]).fit(rows, target, 0)
    assert isinstance(found, FittedEnsemble) and list(found.parts) == ["ridge_logistic 0"]
    with pytest.raises(FitError, match="stacking: svm cannot predict multiclass; leave it out"):
        stacking(["svm"]).fit(rows, Target(design.outcome, ANY_ENDPOINT["multiclass"]), 0)
    one_event = Target(Outcome.of_flag(np.arange(60) == 3), BINARY)
    with pytest.warns(UserWarning, match="stacking: 60 cases of 60 patients.* do not allow two folds.*count alike"):
        stacking([bare("ridge_logistic"), bare("naive_bayes")]).fit(rows, one_event, 0)
    with pytest.raises(FitError, match="do not allow two folds"):
        stacking([bare("ridge_logistic")], final="ridge_logistic").fit(rows, one_event, 0)


def test_endpoints_are_those_of_all_members_and_of_the_final_model() -> None:
    assert stacking(["svm"]).predictable == {"binary"}
    assert stacking([], final="ridge").predictable == {"continuous"}
    assert Stacking().predictable == Stacking.endpoints


def test_who_orders_alone_takes_the_curves_away_whatever_it_weighs() -> None:
    design = make_design("survival", n=60, nan=0.0)
    rows, target = Rows.of(design).keep(np.arange(4)), Target(design.outcome, design.endpoint)
    members = [bare("ridge_cox"), bare("survival_svm", C=[0.01])]
    assert stacking(members).fit(rows, target, 0).predict(rows).incidence is None
    final = stacking(members, final="ridge_cox").fit(rows, target, 0)
    assert isinstance(final, FittedStacking) and final.predict(rows).incidence is not None
    weights = final.importance()
    assert weights.argmax() == 0 and weights.sum() == pytest.approx(1)
