"""Columns on one scale by quartiles, places or powers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from features.core.errors import FitError
from tasks.modelling.candidate import parse_candidate
from tasks.modelling.preprocessing.scale.power.likeliest import likeliest_powers
from tasks.modelling.preprocessing.step import STEPS, FittedStep
from tests.support.design import make_rows, make_target
from tests.support.radmlbench import read_radmlbench

OTHERS = ["robust", "quantile", "yeo_johnson"]


def fitted(kind: str, X: Any, **settings: Any) -> FittedStep:
    rows = rows_of(X)
    return STEPS.parse({"kind": kind, **settings}).fit(rows, make_target(np.arange(len(rows)) % 2), 0)


def rows_of(X: Any) -> Any:
    return make_rows({f"c{i}": column for i, column in enumerate(np.asarray(X, float).T)})


@pytest.mark.parametrize("kind", OTHERS)
def test_the_unit_of_a_column_decides_nothing(kind: str) -> None:
    X = np.random.default_rng(0).lognormal(size=(50, 3))
    one, two = (fitted(kind, part).apply(rows_of(part)).X for part in (X, X * [1e9, 1e-9, 7.0] + [0.0, 0.0, 40.0]))
    np.testing.assert_allclose(one, two, atol=1e-5)


@pytest.mark.parametrize("kind", OTHERS)
def test_outliers_constants_and_missing_values_stay_in_bounds(kind: str) -> None:
    X = np.random.default_rng(0).normal(size=(50, 4))
    X[0, 0], X[:, 1], X[3, 2], X[:, 3] = 1e300, 5.0, np.nan, np.arange(50) < 3
    step = fitted(kind, X)
    found = step.apply(rows_of(X)).X
    assert np.isnan(found).sum() == np.isnan(found[3, 2]) == 1
    assert np.nanmax(np.abs(found)) <= 20
    far = step.apply(rows_of([[-1e308, 7.0, 1e308, 1.0]])).X
    assert np.isfinite(far).all() and np.abs(far).max() <= 20
    if kind != "quantile":
        assert sum(step.remarks(rows_of([[-1e308, 7.0, 1e308, 1.0]])).values()) >= (kind == "robust")
    with pytest.raises(FitError, match=f"{kind}: columns without any training value"):
        fitted(kind, np.full((3, 2), np.nan))


def test_places_are_half_a_case_from_the_ends() -> None:
    X = np.array([3.0, 1.0, 2.0, 5.0, 5.0])[:, None]
    step = fitted("quantile", X, output="uniform")
    assert step.apply(rows_of([[1.0], [2.5], [5.0], [9.0]])).X.ravel().tolist() == [0.0, 0.375, 0.875, 1.0]
    normal = fitted("quantile", X)
    assert normal.apply(rows_of([[-9.0], [3.0]])).X.ravel() == pytest.approx([-1.2815516, 0.0])  # of 0.1 and 0.5


def test_the_power_is_where_the_likelihood_is_highest() -> None:
    from scipy.stats import yeojohnson_llf

    rng = np.random.default_rng(0)
    X = np.column_stack([rng.normal(size=80), rng.lognormal(size=80), -rng.gamma(0.5, size=80), rng.integers(0, 3, 80)])
    powers = np.linspace(-5, 5, 401)
    for column, found in zip(X.T, likeliest_powers(X), strict=True):
        best = powers[np.argmax([yeojohnson_llf(one, column) for one in powers])]
        assert found == pytest.approx(best, abs=0.026)


@pytest.mark.data
def test_values_of_scikit_learn(public_data: Path) -> None:
    """WORC-Lipo, a tenth of the cells missing; columns whose quartiles differ."""
    from sklearn.preprocessing import PowerTransformer, QuantileTransformer, RobustScaler

    rows, target = read_radmlbench(public_data, "WORC-Lipo", columns=150, missing=0.1)
    quartiles = np.nanquantile(rows.X, [0.25, 0.75], axis=0)
    rows = rows.keep(quartiles[1] - quartiles[0] > 1e-9)
    train, test = rows.take(np.arange(80)), rows.take(np.arange(80, len(rows)))
    robust = RobustScaler().fit(train.X)
    places = QuantileTransformer(n_quantiles=50, output_distribution="uniform", subsample=None).fit(train.X)
    power = PowerTransformer().fit(robust.transform(train.X))
    peers: dict[str, tuple[dict[str, Any], Any]] = {
        "robust": ({"limit": 1e300}, robust.transform(test.X)),
        "quantile": ({"quantiles": 50, "output": "uniform"}, places.transform(test.X)),
        "yeo_johnson": ({"limit": 1e300}, power.transform(robust.transform(test.X))),
    }
    inside = np.abs(power.lambdas_) < 4.9
    assert inside.mean() > 0.9
    for kind, (settings, expected) in peers.items():
        found = STEPS.parse({"kind": kind, **settings}).fit(train, target, 0).apply(test).X
        where = inside if kind == "yeo_johnson" else np.ones_like(inside)
        np.testing.assert_allclose(found[:, where], expected[:, where], atol=2e-4 if kind == "yeo_johnson" else 1e-9)


def test_none_leaves_columns_in_their_units_and_missing_values_missing() -> None:
    X = np.array([[1.0, 500.0], [np.nan, 700.0], [3.0, 9e9]])
    rows = rows_of(X)
    assert fitted("none", X).apply(rows) is rows
    steps = [{"kind": "zscore", "blocks": ["clinical"]}, {"kind": "none", "blocks": ["radiomics"]}]
    candidate = parse_candidate({"name": "by_block", "model": "ridge_logistic", "steps": ["median", *steps]})
    assert [step.kind for step in candidate.steps] == ["median", "zscore", "none"]
