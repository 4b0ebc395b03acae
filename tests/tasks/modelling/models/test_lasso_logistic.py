"""LASSO logistic models: alike alone and in a path, scikit-learn's C, honest probabilities, every kind of answer."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from features.core.outcome import Outcome
from tasks.modelling.models.lasso_logistic import LassoLogistic, ranks_of_steps
from tasks.modelling.models.model import models_of
from tasks.modelling.rows import Rows
from tasks.modelling.target import Target
from tests.support.design import ANY_ENDPOINT, BINARY, make_design, make_rows


def problem(kind: str = "binary") -> tuple[Rows, Target]:
    design = make_design(kind, n=90, nan=0.0)
    names = [f"radiomics_{i}" for i in range(8)]
    return make_rows({name: design.X[name].to_numpy() for name in names}), Target(design.outcome, design.endpoint)


@pytest.mark.parametrize("kind", [kind for kind in ANY_ENDPOINT if "lasso_logistic" in models_of(kind)])
def test_settings_fitted_together_are_those_fitted_alone(kind: str) -> None:
    rows, target = problem(kind)
    model = LassoLogistic(C=(1.0, 0.1))
    for one, together in zip(model.variants(), model.fit_variants(rows, target, 0, model.variants()), strict=True):
        assert not isinstance(together, Exception)
        np.testing.assert_allclose(one.fit(rows, target, 1).coefficients, together.coefficients, atol=1e-5)


def test_scores_are_those_of_scikit_learn() -> None:
    rows, target = problem()
    fitted = LassoLogistic(C=(0.3,)).fit(rows, target, 0)
    peer = LogisticRegression(C=0.3, l1_ratio=1.0, solver="saga", tol=1e-8, max_iter=100_000).fit(rows.X, target.y)
    np.testing.assert_allclose(fitted.predict(rows).risk, peer.decision_function(rows.X), atol=1e-4)
    np.testing.assert_allclose(fitted.importance(), peer.coef_[0], atol=1e-4)


@pytest.mark.parametrize("weighted", ["none", "balanced"])
def test_rare_events_are_foretold_as_often_as_they_come(weighted: str) -> None:
    rng = np.random.default_rng(0)
    X = rng.normal(size=(6000, 3))
    y = rng.random(6000) < 1 / (1 + np.exp(3.0 - X[:, 0]))
    rows, target = make_rows(dict(zip("abc", X.T, strict=True))), Target(Outcome.of_flag(y), BINARY)
    odds = LassoLogistic.model_validate({"C": [10.0], "class_weight": weighted}).fit(rows, target, 0).predict(rows).risk
    assert odds is not None
    likely = 1 / (1 + np.exp(-odds))
    assert likely.mean() == pytest.approx(y.mean(), rel=0.05)
    for half in (likely > np.median(likely), likely <= np.median(likely)):
        assert likely[half].mean() == pytest.approx(y[half].mean(), abs=0.01)


def test_no_coefficient_leaves_how_common_the_answer_is() -> None:
    rows, target = problem()
    for weighted in ("none", "balanced"):
        fitted = LassoLogistic.model_validate({"C": [1e-6], "class_weight": weighted}).fit(rows, target, 0)
        common = target.y.mean()
        np.testing.assert_allclose(fitted.coefficients, [[np.log(common / (1 - common)), *np.zeros(8)]], atol=1e-9)


def test_classes_and_ranks_that_training_lacks_have_no_probability() -> None:
    for kind in ("multiclass", "ordinal"):
        rows, target = problem(kind)
        some = np.flatnonzero(target.y != 1)
        found = LassoLogistic(C=(1.0,)).fit(rows.take(some), target.take(some), 0).predict(rows).probability
        assert found is not None
        assert not found[:, 1].any()
        np.testing.assert_allclose(found.sum(axis=1), 1)
        with pytest.raises(ValueError, match="cases of two levels"):
            LassoLogistic().fit(rows.take(some[:1]), target.take(some[:1]), 0)


def test_steps_in_the_wrong_order_are_made_to_fall() -> None:
    np.testing.assert_allclose(ranks_of_steps(np.array([[0.5, 0.7], [0.9, 0.2]])), [[0.5, 0.0, 0.5], [0.1, 0.7, 0.2]])


def test_one_class_alone_is_said() -> None:
    rows, target = problem()
    yes = np.flatnonzero(target.y)
    with pytest.raises(ValueError, match="cases of both classes"):
        LassoLogistic().fit(rows.take(yes), target.take(yes), 0)
