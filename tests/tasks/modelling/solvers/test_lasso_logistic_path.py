"""The path of LASSO logistic regressions: its optimality conditions, other programs' answers, and what has no answer."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression

from tasks.modelling.solvers.lasso_logistic_path import lasso_logistic_path

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]


def problem(n: int, p: int, seed: int = 0, shared: float = 0.5) -> tuple[Floats, Bools, Floats]:
    """Columns that share a part, a flag that follows three of them, weights."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, p)) + shared * rng.normal(size=(n, 1))
    y = X[:, :3].sum(axis=1) + rng.logistic(size=n) > 0.5
    y[:2] = [False, True]
    return X, y, rng.uniform(0.5, 2.0, n)


def falling(X: Floats, y: Bools, weights: Floats, ratio: float = 0.05, count: int = 12) -> Floats:
    """Penalties from just below that of the null model."""
    share = weights / weights.sum()
    top = np.abs(X.T @ (share * (y - share[y].sum()))).max()
    return np.geomspace(0.95 * top, ratio * top, count)


def violations(X: Floats, y: Bools, weights: Floats, path: Floats, penalties: Floats) -> Floats:
    """The largest violation of the optimality conditions at each penalty, intercept included, as a share of the penalty."""
    found = []
    for one, penalty in zip(path, penalties, strict=True):
        b = one[1:]
        residual = weights / weights.sum() * (y - 1 / (1 + np.exp(-(one[0] + X @ b))))
        g = X.T @ residual
        off = np.where(b == 0, np.maximum(np.abs(g) - penalty, 0), np.abs(g - penalty * np.sign(b)))
        found.append(max(off.max(), abs(residual.sum())) / penalty)
    return np.array(found)


@settings(max_examples=40, deadline=None)
@given(
    n=st.integers(5, 60),
    p=st.integers(1, 90),
    seed=st.integers(0, 1000),
    shared=st.sampled_from([0.0, 1.0, 30.0]),
    ratio=st.sampled_from([0.3, 0.01]),
    count=st.sampled_from([1, 3, 15]),
)
def test_every_penalty_is_at_its_optimum(n: int, p: int, seed: int, shared: float, ratio: float, count: int) -> None:
    X, y, weights = problem(n, p, seed, shared)
    penalties = falling(X, y, weights, ratio, count)
    for tolerance in (1e-3, 1e-7):
        path = lasso_logistic_path(X, y, weights, penalties, tolerance=tolerance)
        assert violations(X, y, weights, path, penalties).max() <= tolerance * 1.01 + 1e-12


def test_separable_classes_and_columns_in_other_units() -> None:
    X, y, weights = problem(40, 30)
    X[:, 0] = np.where(y, 1.0, -1.0) + 0.01 * X[:, 0]
    X = X * 10.0 ** np.random.default_rng(0).integers(-4, 5, 30) + 3.0
    penalties = falling(X, y, weights, 1e-4)
    path = lasso_logistic_path(X, y, weights, penalties)
    assert np.isfinite(path).all()
    assert violations(X, y, weights, path, penalties).max() < 2e-6


def test_values_of_scikit_learn() -> None:
    X, y, weights = problem(80, 12)
    penalties = falling(X, y, weights, count=4)
    path = lasso_logistic_path(X, y, weights, penalties, tolerance=1e-9)
    for one, penalty in zip(path, penalties, strict=True):
        peer = LogisticRegression(
            C=1 / (weights.sum() * penalty), l1_ratio=1.0, solver="saga", tol=1e-9, max_iter=100_000
        )
        peer.fit(X, y, sample_weight=weights)
        np.testing.assert_allclose(one, [*peer.intercept_, *peer.coef_[0]], atol=1e-5)


@pytest.mark.data
def test_values_of_glmnet(public_data: Path) -> None:
    """HCC-TACE-Seg of RadMLBench, its first 60 columns; R 4.2, glmnet 4.1-6, thresh = 1e-15: at a tenth of the top penalty."""
    table = pd.read_csv(public_data / "radmlbench" / "HCC-TACE-Seg.csv.gz")
    X, y = table.iloc[:, :60].to_numpy(np.float64), table["Target"].to_numpy() == 1
    X = X[:, X.std(axis=0) > 1e-9]
    X = (X - X.mean(axis=0)) / X.std(axis=0)
    top = np.abs(X.T @ (y - y.mean())).max() / len(y)
    path = lasso_logistic_path(X, y, np.ones(len(y)), np.geomspace(0.999 * top, 0.1 * top, 20))
    assert path[-1, 0] == pytest.approx(-2.346829, abs=1e-4)
    largest = np.argsort(-np.abs(path[-1, 1:]))[:4]
    expected = {38: -0.959148, 47: 0.834636, 23: 0.432194, 7: 0.351218}
    assert {int(j): path[-1, 1 + j] for j in largest} == pytest.approx(expected, abs=1e-4)


def test_a_path_is_its_penalties_alone() -> None:
    X, y, weights = problem(60, 100)
    penalties = falling(X, y, weights)
    path = lasso_logistic_path(X, y, weights, penalties, tolerance=1e-10)
    for k in (0, 5, 11):
        alone = lasso_logistic_path(X, y, weights, penalties[k : k + 1], tolerance=1e-10)
        np.testing.assert_allclose(alone[0], path[k], atol=1e-7)


def test_weights_are_repeated_cases() -> None:
    X, y, _ = problem(30, 10)
    times = np.random.default_rng(1).integers(0, 4, 30).astype(float)
    times[:2] = 1
    penalties = falling(X, y, times)
    again = np.repeat(np.arange(30), times.astype(int))
    np.testing.assert_allclose(
        lasso_logistic_path(X, y, times, penalties, tolerance=1e-10),
        lasso_logistic_path(X[again], y[again], np.ones(len(again)), penalties, tolerance=1e-10),
        atol=1e-8,
    )


def test_constant_columns_have_no_weight_and_of_equal_ones_the_first_has_it() -> None:
    X, y, weights = problem(50, 6)
    penalties = falling(X, y, weights)
    path = lasso_logistic_path(X, y, weights, penalties)
    more = lasso_logistic_path(np.column_stack([X, np.full(50, 7.0), X]), y, weights, penalties)
    np.testing.assert_allclose(more[:, :7], path, atol=1e-5)
    assert not more[:, 7:].any()


def test_above_the_top_penalty_stands_the_null_model() -> None:
    X, y, weights = problem(50, 6)
    path = lasso_logistic_path(X, y, weights, np.array([50.0, 40.0]))
    share = weights[y].sum() / weights.sum()
    np.testing.assert_allclose(path, [[np.log(share / (1 - share)), *np.zeros(6)]] * 2, atol=1e-12)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"y": np.ones(50, bool)}, "cases of both classes"),
        ({"weights": -np.ones(50)}, "weights of 0 or more"),
        ({"penalties": np.array([0.1, 0.2])}, "penalties above 0 that fall"),
        ({"X": np.full((50, 6), np.nan)}, "finite values"),
        ({"y": np.ones(49, bool)}, "as many answers and weights as cases: 50, 49, 50"),
    ],
)
def test_what_is_no_problem_is_said(change: dict[str, Any], words: str) -> None:
    X, y, weights = problem(50, 6)
    arguments: dict[str, Any] = {"X": X, "y": y, "weights": weights, "penalties": np.array([0.1]), **change}
    with pytest.raises(ValueError, match=words):
        lasso_logistic_path(**arguments)
