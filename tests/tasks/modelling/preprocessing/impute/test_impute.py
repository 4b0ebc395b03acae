"""Missing values filled in: most_frequent, declared_value, knn, iterative; and flags of what was missing."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from features.core.errors import FitError
from tasks.modelling.preprocessing.step import STEPS, FittedStep
from tests.support.design import make_rows, make_target
from tests.support.radmlbench import read_radmlbench

NAN = np.nan


def fitted(kind: str, X: Any, **settings: Any) -> FittedStep:
    rows = rows_of(X)
    return STEPS.parse({"kind": kind, **settings}).fit(rows, make_target(np.arange(len(rows)) % 2), 0)


def rows_of(X: Any) -> Any:
    return make_rows({f"c{i}": column for i, column in enumerate(np.asarray(X, float).T)})


def test_the_most_frequent_value_and_of_several_the_smallest() -> None:
    X = np.array([[1, 5, -0.0], [1, 4, NAN], [2, NAN, 7], [NAN, NAN, 7]])
    found = fitted("most_frequent", X)
    assert found.state()["value"].tolist() == [1, 4, 7]
    assert found.apply(rows_of(np.full((1, 3), NAN))).X.tolist() == [[1, 4, 7]]


@pytest.mark.parametrize("kind", ["most_frequent", "knn", "iterative"])
def test_a_column_without_any_value_is_refused(kind: str) -> None:
    with pytest.raises(FitError, match="columns without any training value.* for example c1"):
        fitted(kind, [[1, NAN], [2, NAN], [NAN, NAN]])


def test_a_declared_value_is_for_the_columns_named() -> None:
    X = np.array([[NAN, NAN], [1.0, 2.0]])
    assert fitted("declared_value", X, value=-1).apply(rows_of(X)).X[0].tolist() == [-1, -1]
    np.testing.assert_array_equal(fitted("declared_value", X, columns=["c1"]).apply(rows_of(X)).X[0], [NAN, 0])


def test_flags_are_of_what_some_rows_lack_each_pattern_once() -> None:
    X = np.ones((20, 6))
    X[:8, [0, 3]], X[:1, 1], X[:10, 4], X[:, 5] = NAN, NAN, NAN, NAN
    step = fitted("missing_indicators", X, least=0.1)
    found = step.apply(rows_of(X))
    assert found.columns.names[6:].tolist() == ["c0__missing", "c4__missing"]
    np.testing.assert_array_equal(found.X[:, 6], np.arange(20) < 8)
    np.testing.assert_array_equal(found.X[:, :6], X)
    assert step.apply(rows_of(np.ones((2, 6)))).X[:, 6:].tolist() == [[0, 0], [0, 0]]
    assert len(fitted("missing_indicators", np.ones((4, 2))).apply(rows_of(np.ones((4, 2)))).columns) == 2


def test_a_value_is_never_told_beyond_what_training_has_seen() -> None:
    x = np.arange(30.0)
    X = np.column_stack([x, 2 * x])
    X[3, 1] = NAN
    step = fitted("iterative", X, penalty=1e-6)
    assert step.apply(rows_of(X)).X[3, 1] == pytest.approx(6, abs=1e-3)
    assert step.apply(rows_of([[1000.0, NAN]])).X[0, 1] == pytest.approx(58)
    assert step.apply(rows_of([[NAN, 10.0]])).X[0, 0] == pytest.approx(14.5)  # training rows lack none: its mean
    assert not step.notes()
    assert fitted("iterative", X, rounds=1).notes()


def test_units_do_not_decide_who_is_near() -> None:
    rng = np.random.default_rng(0)
    X = rng.normal(size=(40, 5))
    X[rng.random(X.shape) < 0.2] = NAN
    unit = np.array([1.0, 1e6, 1e-6, 1.0, 1e3])
    one, two = (fitted("knn", part).apply(rows_of(part)).X for part in (X, X * unit))
    np.testing.assert_allclose(one * unit, two, rtol=1e-9, atol=1e-12)
    assert np.isfinite(fitted("knn", X).apply(rows_of(np.full((1, 5), NAN))).X).all()


@pytest.mark.data
def test_values_of_scikit_learn(public_data: Path) -> None:
    """WORC-Lipo, a twentieth of the cells missing; IterativeImputer with Ridge and all other columns."""
    from sklearn.experimental import enable_iterative_imputer  # noqa: F401
    from sklearn.impute import IterativeImputer, KNNImputer, SimpleImputer
    from sklearn.linear_model import Ridge
    from sklearn.preprocessing import StandardScaler

    rows, target = read_radmlbench(public_data, "WORC-Lipo", columns=60, missing=0.05)
    train, test = rows.take(np.arange(80)), rows.take(np.arange(80, len(rows)))
    order = np.lexsort((train.columns.names, np.isnan(train.X).sum(axis=0)))  # equal counts: by name, as ours
    train, test = train.keep(order), test.keep(order)
    scaler = StandardScaler().fit(train.X)
    Z, back = scaler.transform(train.X), scaler.inverse_transform
    chained = IterativeImputer(
        Ridge(1.0, solver="cholesky"),
        max_iter=4,
        tol=1e-12,
        skip_complete=True,
        imputation_order="roman",
        min_value=np.nanmin(Z, axis=0),
        max_value=np.nanmax(Z, axis=0),
    )
    with pytest.warns(UserWarning, match="Early stopping"):
        chained.fit(Z)
    peers = {
        "most_frequent": SimpleImputer(strategy="most_frequent").fit(train.X).transform(test.X),
        "knn": back(KNNImputer().fit(Z).transform(scaler.transform(test.X))),
        "iterative": back(chained.transform(scaler.transform(test.X))),
    }
    for kind, expected in peers.items():
        settings = {"predictors": 60, "rounds": 4} if kind == "iterative" else {}
        found = STEPS.parse({"kind": kind, **settings}).fit(train, target, 0).apply(test).X
        np.testing.assert_allclose(scaler.transform(found), scaler.transform(expected), atol=1e-7, err_msg=kind)
