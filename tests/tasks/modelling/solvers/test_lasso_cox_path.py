"""The path of LASSO-Cox regressions: its optimality conditions, scikit-survival's answers, ties, weights, few events."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from sksurv.linear_model import CoxnetSurvivalAnalysis
from sksurv.util import Surv

from tasks.modelling.solvers.lasso_cox_path import largest_cox_penalty, lasso_cox_path

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]


def problem(
    n: int, p: int, seed: int = 0, shared: float = 0.5, days: float = 5.0
) -> tuple[Floats, Bools, Floats, Floats]:
    """Columns that share a part, follow-up in whole days (few days: many ties) that follows three of them, weights."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, p)) + shared * rng.normal(size=(n, 1))
    time, censored = rng.exponential(days * np.exp(-X[:, :3].sum(axis=1) / 2)), rng.exponential(2 * days, n)
    event = time <= censored
    event[0] = True
    return X, event, np.ceil(np.minimum(time, censored)), rng.uniform(0.5, 2.0, n)


def violations(X: Floats, event: Bools, time: Floats, weights: Floats, path: Floats, penalties: Floats) -> Floats:
    """The largest violation of the optimality conditions at each penalty, as a share of the penalty, by the definition."""
    share, found = weights / weights.sum(), []
    at_risk = time[:, None] >= time  # of a case (row) on the day of another (column)
    for b, penalty in zip(path, penalties, strict=True):
        hazard = share * np.exp(X @ b - (X @ b).max())
        expected = hazard * (at_risk * (event * share / (hazard @ at_risk))).sum(axis=1)
        g = X.T @ (event * share - expected)
        off = np.where(b == 0, np.maximum(np.abs(g) - penalty, 0), np.abs(g - penalty * np.sign(b)))
        found.append(off.max() / penalty)
    return np.array(found)


@settings(max_examples=40, deadline=None)
@given(
    n=st.integers(4, 60),
    p=st.integers(1, 90),
    seed=st.integers(0, 1000),
    shared=st.sampled_from([0.0, 1.0, 30.0]),
    days=st.sampled_from([2.0, 1000.0]),
    ratio=st.sampled_from([0.3, 0.01]),
    count=st.sampled_from([1, 3, 15]),
)
# far more columns enter at once than cases can tell apart
@example(n=44, p=89, seed=558, shared=0.0, days=1000.0, ratio=0.01, count=3)
@example(n=34, p=79, seed=653, shared=1.0, days=1000.0, ratio=0.01, count=3)
def test_every_penalty_is_at_its_optimum(
    n: int, p: int, seed: int, shared: float, days: float, ratio: float, count: int
) -> None:
    X, event, time, weights = problem(n, p, seed, shared, days)
    top = largest_cox_penalty(X, event, time, weights)
    if top < 1e-9:  # who dies last alone tells nothing
        return
    penalties = np.geomspace(0.95, ratio, count) * top
    for tolerance in (1e-3, 1e-6):
        path = lasso_cox_path(X, event, time, weights, penalties, tolerance=tolerance)
        assert violations(X, event, time, weights, path, penalties).max() <= tolerance * 1.01 + 1e-10


def test_values_of_scikit_survival_where_it_converges() -> None:
    X, event, time, _ = problem(120, 200)
    ones = np.ones(120)
    penalties = largest_cox_penalty(X, event, time, ones) * np.geomspace(0.95, 0.1, 10)
    peer = CoxnetSurvivalAnalysis(l1_ratio=1.0, alphas=penalties, tol=1e-14, max_iter=1_000_000)
    peer.fit(X, Surv.from_arrays(event, time))
    path = lasso_cox_path(X, event, time, ones, penalties, tolerance=1e-9)
    np.testing.assert_allclose(path, peer.coef_.T, atol=1e-4)
    np.testing.assert_array_equal(path != 0, np.abs(peer.coef_.T) > 1e-5)


def test_weights_are_repeated_cases_and_order_says_nothing() -> None:
    X, event, time, _ = problem(40, 10)
    rng = np.random.default_rng(1)
    times = rng.integers(0, 4, 40).astype(float)
    times[0] = 1
    penalties = largest_cox_penalty(X, event, time, times) * np.geomspace(0.9, 0.05, 6)
    again = rng.permutation(np.repeat(np.arange(40), times.astype(int)))
    np.testing.assert_allclose(
        lasso_cox_path(X, event, time, times, penalties, tolerance=1e-10),
        lasso_cox_path(X[again], event[again], time[again], np.ones(len(again)), penalties, tolerance=1e-10),
        atol=1e-8,
    )


def test_one_event_and_nothing_above_the_top_penalty() -> None:
    X, event, time, weights = problem(30, 5, days=100)
    event[:] = False
    event[np.argsort(time)[3]] = True
    top = largest_cox_penalty(X, event, time, weights)
    path = lasso_cox_path(X, event, time, weights, np.array([1.01, 0.99, 0.2]) * top)
    assert not path[0].any()
    assert np.count_nonzero(path[1]) == 1
    assert violations(X, event, time, weights, path[1:], np.array([0.99, 0.2]) * top).max() < 1e-5


def test_constant_columns_have_no_weight_and_of_equal_ones_the_first_has_it() -> None:
    X, event, time, weights = problem(50, 6)
    penalties = largest_cox_penalty(X, event, time, weights) * np.geomspace(0.9, 0.05, 6)
    path = lasso_cox_path(X, event, time, weights, penalties)
    more = lasso_cox_path(np.column_stack([X, np.full(50, 7.0), X]), event, time, weights, penalties)
    np.testing.assert_allclose(more[:, :6], path, atol=1e-5)
    assert not more[:, 6:].any()


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"event": np.zeros(50, bool)}, "at least one event"),
        ({"time": np.full(50, np.inf)}, "finite time"),
        ({"weights": -np.ones(50)}, "weights of 0 or more"),
    ],
)
def test_what_is_no_problem_is_said(change: dict[str, Any], words: str) -> None:
    X, event, time, weights = problem(50, 6)
    arguments: dict[str, Any] = {
        "X": X,
        "event": event,
        "time": time,
        "weights": weights,
        "penalties": np.array([0.1]),
        **change,
    }
    with pytest.raises(ValueError, match=words):
        lasso_cox_path(**arguments)


@pytest.mark.parametrize(
    ("n", "p", "seed", "shared", "ratio"), [(88, 122, 967773, 0.0, 0.01), (38, 137, 817643, 1.0, 0.001)]
)
def test_a_weak_penalty_is_met_from_afar(n: int, p: int, seed: int, shared: float, ratio: float) -> None:
    X, event, time, weights = problem(n, p, seed, shared, 1000.0)
    X = (X - X.mean(axis=0)) / X.std(axis=0)
    penalties = np.array([0.95, ratio]) * largest_cox_penalty(X, event, time, weights)
    path = lasso_cox_path(X, event, time, weights, penalties)
    assert path.shape == (2, p)
    assert violations(X, event, time, weights, path, penalties).max() <= 1.01e-6
