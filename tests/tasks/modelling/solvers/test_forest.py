"""Forests beside those of scikit-learn and scikit-survival, and what they do with little."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

import numpy as np
import pytest
from scipy.stats import spearmanr
from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor
from sksurv.ensemble import RandomSurvivalForest
from sksurv.util import Surv

from tasks.modelling.solvers.forest import Forest, grow_forest, grow_survival_forest


def table(n: int = 120, p: int = 6) -> tuple[Any, Any]:
    """Columns with ties, and a number that follows the first two."""
    rng = np.random.default_rng(0)
    X = np.round(rng.normal(size=(n, p)), 1)
    return X, X[:, 0] + X[:, 1] ** 2 + 0.5 * rng.normal(size=n)


def grow(X: Any, target: Any, **changes: Any) -> Forest:
    return grow_forest(X, target, **{"trees": 300, "tried": 2, "least": 3, "seed": 0, **changes})


@pytest.mark.parametrize("classes", [2, 3])
def test_probabilities_are_those_of_scikit_learn_but_for_chance(classes: int) -> None:
    X, value = table()
    code = np.digitize(value, np.quantile(value, np.arange(1, classes) / classes))
    peer = RandomForestClassifier(300, min_samples_leaf=3, max_features=2, random_state=0).fit(X[:80], code[:80])
    forest = grow(X[:80], np.eye(classes)[code[:80]])
    found = forest.predict(X[80:])
    np.testing.assert_allclose(found.sum(axis=1), 1)
    assert np.abs(found - peer.predict_proba(X[80:])).mean() < 0.03
    np.testing.assert_allclose(forest.importance, peer.feature_importances_, atol=0.04)


def test_one_column_of_a_flag_says_as_much_as_two_classes() -> None:
    X, value = table()
    flag = (value > 1).astype(float)
    one, two = grow(X, flag[:, None]), grow(X, np.column_stack([1 - flag, flag]))
    np.testing.assert_allclose(one.predict(X)[:, 0], two.predict(X)[:, 1])


def test_numbers_are_those_of_scikit_learn_but_for_chance() -> None:
    X, value = table()
    peer = RandomForestRegressor(300, min_samples_leaf=3, max_features=2, random_state=0).fit(X[:80], value[:80])
    forest = grow(X[:80], value[:80, None])
    assert np.abs(forest.predict(X[80:])[:, 0] - peer.predict(X[80:])).mean() < 0.1
    np.testing.assert_allclose(forest.importance, peer.feature_importances_, atol=0.04)


def test_risks_are_ordered_as_those_of_scikit_survival() -> None:
    X, value = table()
    rng = np.random.default_rng(1)
    time, end = np.ceil(30 * rng.exponential(np.exp(-value))), np.ceil(30 * rng.exponential(size=len(X)))
    event, time = time <= end, np.minimum(time, end)
    peer = RandomSurvivalForest(300, min_samples_leaf=3, max_features=2, random_state=0)
    peer.fit(X[:80], Surv.from_arrays(event[:80], time[:80]))
    forest = grow_survival_forest(X[:80], event[:80], time[:80], trees=300, tried=2, least=3, seed=0)
    risk, theirs = forest.predict(X[80:])[:, 0], peer.predict(X[80:])
    assert spearmanr(risk, theirs).statistic > 0.95
    days = len(np.unique(time[:80][event[:80]]))  # theirs is the sum over these days, ours the mean
    assert np.abs(risk * days / theirs - 1).mean() < 0.15
    assert forest.importance.argmax() == 0


def test_rows_of_a_survival_forest_may_come_in_any_order() -> None:
    X, value = table(60)
    time = np.arange(60.0)[::-1]  # no two of a day: their order is known
    event, order = value > 0, np.random.default_rng(2).permutation(60)
    settings = {"trees": 20, "tried": 2, "least": 3, "seed": 0}
    one = grow_survival_forest(X, event, time, **settings)  # type: ignore[arg-type]
    two = grow_survival_forest(X[order], event[order], time[order], **settings)  # type: ignore[arg-type]
    np.testing.assert_array_equal(one.predict(X), two.predict(X))


def test_a_survival_forest_needs_an_event() -> None:
    X, value = table(20)
    with pytest.raises(ValueError, match="at least one event"):
        grow_survival_forest(X, value > np.inf, np.arange(20.0), trees=5, tried=2, least=3, seed=0)


def test_equal_seeds_give_equal_bytes_and_others_do_not() -> None:
    X, value = table()
    one, two, other = (grow(X, value[:, None], trees=20, seed=seed) for seed in (1, 1, 2))
    for field in fields(Forest):
        assert getattr(one, field.name).tobytes() == getattr(two, field.name).tobytes()
    assert (one.predict(X) != other.predict(X)).any()


def test_trees_grow_by_the_order_of_values_alone() -> None:
    X, value = table()
    one, two = (grow(Z, value[:, None], trees=20) for Z in (X, np.exp(3 * X)))
    np.testing.assert_array_equal(one.column, two.column)
    np.testing.assert_array_equal(one.value, two.value)


def test_cuts_lie_between_values_and_leaves_hold_what_they_need() -> None:
    X, value = table()
    forest = grow(X, value[:, None], trees=20, least=10)
    for tree in range(20):
        nodes = slice(forest.starts[tree], forest.starts[tree + 1])
        column, threshold, left = forest.column[nodes], forest.threshold[nodes], forest.left[nodes]
        inside = {0: np.arange(len(X))}
        for node in range(len(column)):
            if column[node] >= 0:
                seen = X[inside[node], column[node]]
                assert not (seen == threshold[node]).all()
                inside[left[node]] = inside[node][seen <= threshold[node]]
                inside[left[node] + 1] = inside[node][seen > threshold[node]]
            else:
                assert len(inside[node]) >= 10  # the rows of the sample are some of these


def test_columns_that_never_vary_part_nothing() -> None:
    forest = grow(np.ones((30, 3)), np.arange(30.0)[:, None], trees=50)
    assert len(forest.column) == 50
    np.testing.assert_array_equal(forest.importance, 0)
    np.testing.assert_allclose(forest.predict(np.zeros((1, 3))), 14.5, atol=1)


def test_a_column_that_varies_is_found_among_many_that_do_not() -> None:
    X = np.zeros((30, 50))
    X[:, 17] = np.arange(30)
    assert grow(X, (X[:, 17:18] > 14).astype(float), trees=5, tried=1).importance[17] == 1


def test_weights_move_what_leaves_say() -> None:
    X, value = table()
    flag = (value > 1.5).astype(float)[:, None]
    heavy = grow(X, flag, weights=np.where(flag[:, 0] == 1, 5.0, 1.0))
    assert heavy.predict(X).mean() > grow(X, flag).predict(X).mean() + 0.05
