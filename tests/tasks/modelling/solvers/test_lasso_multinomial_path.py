"""The path of multinomial LASSO regressions: its optimality conditions, glmnet's numbers, and what has no answer."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from features.core.outcome import Outcome
from tasks.modelling.models.model import MODELS
from tasks.modelling.solvers.lasso_multinomial_path import lasso_multinomial_path
from tasks.modelling.target import Target
from tests.support.design import ANY_ENDPOINT, make_rows

Floats = NDArray[np.float64]
Codes = NDArray[np.intp]


def problem(n: int, p: int, classes: int = 3, seed: int = 0) -> tuple[Floats, Codes, Floats]:
    """Columns that share a part, classes that follow the first ones, weights."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, p)) + 0.5 * rng.normal(size=(n, 1))
    drive = rng.gumbel(size=(n, classes))
    for k in range(min(classes, p)):
        drive[:, k] += X[:, k]
    codes = drive.argmax(axis=1)
    codes[:classes] = np.arange(classes)
    return X, codes.astype(np.intp), rng.uniform(0.5, 2.0, n)


def odds_of(X: Floats, one: Floats) -> Floats:
    """Probabilities, (n, classes)."""
    raised = np.exp(X @ one[:, 1:].T + one[:, 0])
    return np.asarray(raised / raised.sum(axis=1, keepdims=True))


def violation(X: Floats, codes: Codes, weights: Floats, one: Floats, penalty: float, l1_ratio: float) -> float:
    """The largest violation of the optimality conditions, intercepts included, as a share of the penalty."""
    residual = (weights / weights.sum())[:, None] * (np.eye(len(one))[codes] - odds_of(X, one))
    b = one[:, 1:]
    g = residual.T @ X - (1 - l1_ratio) * penalty * b
    size = l1_ratio * penalty
    off = np.where(b == 0, np.maximum(np.abs(g) - size, 0), np.abs(g - size * np.sign(b)))
    return float(max(off.max(), np.abs(residual.sum(axis=0)).max()) / size)


@settings(max_examples=25, deadline=None)
@given(
    n=st.integers(12, 60),
    p=st.integers(1, 60),
    classes=st.integers(3, 5),
    seed=st.integers(0, 1000),
    least=st.sampled_from([0.1, 0.005]),
    l1_ratio=st.sampled_from([1.0, 0.5]),
)
def test_every_penalty_is_at_its_optimum(
    n: int, p: int, classes: int, seed: int, least: float, l1_ratio: float
) -> None:
    X, codes, weights = problem(n, p, classes, seed)
    penalties = np.geomspace(0.3, least, 5)
    path = lasso_multinomial_path(X, codes, classes, weights, penalties, l1_ratio=l1_ratio)
    for one, penalty in zip(path, penalties, strict=True):
        assert violation(X, codes, weights, one, penalty, l1_ratio) < 1.1e-6
        assert one[:, 0].sum() == pytest.approx(0, abs=1e-9)


@pytest.mark.data
@pytest.mark.parametrize(
    ("kind", "more", "expected", "sizes", "count"),
    [
        (
            "lasso_logistic",
            {},
            [[0.0001954217521, 0.07708192541, 0.9227226528], [0.0599708366306, 0.85155083846, 0.08847832491]],
            [4.807682, 0.267151, 4.796590],
            [3, 2, 4],
        ),
        (
            "elastic_net_logistic",
            {"l1_ratio": [0.5]},
            [[0.00004216212885, 0.082238692073, 0.9177191458], [0.03966003979, 0.844873330692, 0.1154666295]],
            [5.912943, 0.737146, 5.936772],
            [19, 8, 16],
        ),
    ],
)
def test_values_of_glmnet(
    public_data: Path,
    kind: str,
    more: dict[str, Any],
    expected: list[list[float]],
    sizes: list[float],
    count: list[int],
) -> None:
    """WORC-Lipo of RadMLBench, thirds of the entropy by 60 other columns; R 4.2, glmnet 4.1-6, family = "multinomial", thresh =
    1e-14, lambda = 0.02: probabilities of the first two patients, and sums of sizes and numbers of coefficients by class."""
    table = pd.read_csv(public_data / "radmlbench" / "WORC-Lipo.csv.gz")
    entropy = table["MR_original_firstorder_Entropy"].to_numpy()
    X = (
        table.select_dtypes("number")
        .drop(columns=["Target", "MR_original_firstorder_Entropy"], errors="ignore")
        .iloc[:, :60]
    )
    Z = ((X - X.mean()) / X.std(ddof=0)).to_numpy()
    levels = np.digitize(entropy, np.quantile(entropy, [1 / 3, 2 / 3]))
    target = Target(Outcome(levels, levels=("low", "middle", "high")), ANY_ENDPOINT["multiclass"])
    model = MODELS.parse({"kind": kind, "C": [1 / (0.02 * len(Z))], **more})
    rows = make_rows({f"c{i}": Z[:, i] for i in range(60)})
    fitted = model.fit(rows, target, 0)
    np.testing.assert_allclose(fitted.predict(rows).probability[:2], expected, atol=1e-5)  # type: ignore[index]
    weights = fitted.coefficients[:, 1:]  # type: ignore[attr-defined]
    np.testing.assert_allclose(np.abs(weights).sum(axis=1), sizes, atol=1e-4)
    assert (weights != 0).sum(axis=1).tolist() == count


def test_a_common_class_is_foretold_as_often_as_it_comes_whatever_the_weights() -> None:
    X, codes, _ = problem(3000, 3)
    codes[(codes == 2) & (np.arange(3000) % 4 > 0)] = 0
    target = Target(Outcome(codes, levels=("a", "b", "c")), ANY_ENDPOINT["multiclass"])
    rows = make_rows({f"c{i}": X[:, i] for i in range(3)})
    for weighted in ("none", "balanced"):
        model = MODELS.parse({"kind": "lasso_logistic", "C": [10.0], "class_weight": weighted})
        told = model.fit(rows, target, 0).predict(rows).probability
        assert told is not None
        np.testing.assert_allclose(told.mean(axis=0), np.bincount(codes) / 3000, atol=0.02)


def test_two_classes_of_three_are_those_of_yes_or_no() -> None:
    X, codes, _ = problem(80, 5)
    rows = make_rows({f"c{i}": X[:, i] for i in range(5)})
    two = np.where(codes == 1, 2, 0)
    several = Target(Outcome(two, levels=("a", "b", "c")), ANY_ENDPOINT["multiclass"])
    model = MODELS.parse({"kind": "lasso_logistic", "C": [0.5]})
    told = model.fit(rows, several, 0).predict(rows).probability
    risk = model.fit(rows, Target(Outcome.of_flag(codes == 1), ANY_ENDPOINT["binary"]), 0).predict(rows).risk
    assert told is not None
    assert risk is not None
    np.testing.assert_allclose(told, np.column_stack([1 / (1 + np.exp(risk)), np.zeros(80), 1 / (1 + np.exp(-risk))]))


def test_constant_columns_have_no_weight_and_of_equal_ones_the_first_has_it() -> None:
    X, codes, weights = problem(60, 4)
    penalties = np.array([0.05, 0.02])
    path = lasso_multinomial_path(X, codes, 3, weights, penalties, tolerance=1e-9)
    more = lasso_multinomial_path(
        np.column_stack([X, np.full(60, 7.0), X]), codes, 3, weights, penalties, tolerance=1e-9
    )
    np.testing.assert_allclose(more[:, :, 1:5], path[:, :, 1:], atol=1e-5)
    assert not more[:, :, 5:].any()


def test_what_is_no_problem_is_said() -> None:
    X, codes, weights = problem(40, 3)
    with pytest.raises(ValueError, match=r"each of three classes or more; found \[\d+, 0, \d+\]"):
        lasso_multinomial_path(X, np.where(codes == 1, 2, codes), 3, weights, np.array([0.1]))
    with pytest.raises(ValueError, match="finite values"):
        lasso_multinomial_path(np.full((40, 3), np.nan), codes, 3, weights, np.array([0.1]))
    with pytest.raises(ValueError, match="l1_ratio is 0"):
        lasso_multinomial_path(X, codes, 3, weights, np.array([0.1]), l1_ratio=0.0)
