"""Columns that say little, or what others say: near_zero_variance, variance_threshold, drop_missing, correlations, vif."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from features.core.errors import FitError
from tasks.modelling.preprocessing.clean.correlation.pairs import pair_correlations
from tasks.modelling.preprocessing.clean.vif import Vif
from tasks.modelling.preprocessing.kept_columns import KeptColumns
from tasks.modelling.preprocessing.step import STEPS
from tests.support.design import make_rows, make_target
from tests.support.radmlbench import read_radmlbench


def fitted(kind: str, X: Any, centre: Any = None, **settings: Any) -> KeptColumns:
    X = np.asarray(X, float)
    groups = {} if centre is None else {"centre": centre}
    rows = make_rows({f"c{i}": column for i, column in enumerate(X.T)}, **groups)
    found = STEPS.parse({"kind": kind, **settings}).fit(rows, make_target(np.arange(len(X)) % 2), 0)
    assert isinstance(found, KeptColumns)
    assert found.apply(rows).columns.names.tolist() == [f"c{i}" for i in found.kept]
    return found


def kept(kind: str, X: Any, centre: Any = None, **settings: Any) -> list[int]:
    return fitted(kind, X, centre, **settings).kept.tolist()


def test_near_zero_variance_needs_one_value_nearly_everywhere_and_few_others() -> None:
    n = 100
    constant, empty, flag = np.ones(n), np.full(n, np.nan), np.arange(n) < 5  # 95 to 5 is not above 19
    rare, many = np.arange(n) < 4, np.where(np.arange(n) < 80, 0.0, np.arange(n))  # 80 to 1, and 21 different values
    lacking = np.where(np.arange(n) < 50, np.nan, rare.astype(float)[::-1])
    X = np.column_stack([constant, empty, flag, rare, many, lacking])
    assert kept("near_zero_variance", X) == [2, 4, 5]
    assert kept("near_zero_variance", X, frequency_ratio=30) == [2, 3, 4, 5]
    assert fitted("near_zero_variance", X).strength.tolist() == [np.inf, np.inf, 19.0, 24.0, 80.0, 46 / 4]
    with pytest.raises(FitError, match="none of 2 columns varies enough within the 100 training cases"):
        kept("near_zero_variance", X[:, :2])


def test_columns_that_are_missing_above_a_share_are_dropped() -> None:
    X = np.ones((8, 3))
    X[:4, 1], X[:5, 2] = np.nan, np.nan
    assert kept("drop_missing", X) == [0, 1]
    assert kept("drop_missing", X, ["a"] * 4 + ["b"] * 4, within="centre") == [0]  # centre a never measured the second
    with pytest.raises(
        FitError, match="each of 1 columns is missing in more than 50% of the training rows; the least is 62%"
    ):
        kept("drop_missing", X[:, 2:])


def test_of_each_cluster_the_column_most_like_the_others_stays() -> None:
    rng = np.random.default_rng(0)
    base = rng.normal(size=200)
    near = [base + s * rng.normal(size=200) for s in (0.2, 0.05, 0.2)]  # the second is in the middle
    X = np.column_stack([near[0], rng.normal(size=200), near[1], near[2]])
    assert kept("correlation_clusters", X) == [1, 2]
    assert kept("correlation_clusters", -X[:, ::-1]) == [1, 2]
    assert kept("correlation_clusters", X, threshold=[0.999]) == [0, 1, 2, 3]
    assert kept("correlation_clusters", X[:, :1]) == [0]
    missing = X.copy()
    missing[rng.random(X.shape) < 0.1] = np.nan
    assert kept("correlation_clusters", missing, linkage="average", method="pearson") == [1, 2]


def test_no_two_columns_above_the_limit_stay() -> None:
    X = np.random.default_rng(1).normal(size=(60, 4)) @ np.random.default_rng(2).normal(size=(4, 30))
    for kind, setting in (("drop_correlated", {"above": 0.8}), ("correlation_clusters", {"threshold": [0.8]})):
        stay = kept(kind, X, **setting)
        assert 4 <= len(stay) < 30
        r = pair_correlations(X[:, stay])
        if kind == "drop_correlated":
            assert (r[np.triu_indices(len(r), 1)] <= 0.8).all()


def test_vif_drops_what_the_others_tell() -> None:
    """x3 = x1 + x2 + noise: no pair correlates above 0.9, and one of the three goes."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(100, 4))
    X[:, 2] = X[:, 0] + X[:, 1] + 0.05 * rng.normal(size=100)
    found = fitted("vif", X)
    assert len(found.kept) == 3 and 3 in found.kept
    for place in found.kept:  # its definition, by least squares
        others = np.column_stack([np.ones(100), X[:, [j for j in found.kept if j != place]]])
        rest = X[:, place] - others @ np.linalg.lstsq(others, X[:, place])[0]
        assert found.strength[place] == pytest.approx(X[:, place].var() * 100 / (rest @ rest), rel=1e-9)
    assert kept("vif", X * 1e-200) == found.kept.tolist()
    assert kept("vif", np.column_stack([X, X, np.ones(100)]))[-1] < 8  # doubles and constants have an infinite VIF


def test_vif_of_more_columns_than_cases_keeps_some_within_the_limit() -> None:
    X = np.random.default_rng(3).normal(size=(30, 200))
    found = fitted("vif", X, limit=5)
    assert 5 < len(found.kept) <= 28
    r = np.corrcoef(X[:, found.kept].T)
    np.testing.assert_allclose(np.diag(np.linalg.inv(r)), found.strength[found.kept])
    assert found.strength[found.kept].max() <= 5


@pytest.mark.data
def test_correlations_are_those_of_pandas_and_thresholds_those_of_scikit_learn(public_data: Path) -> None:
    from sklearn.feature_selection import VarianceThreshold

    rows, target = read_radmlbench(public_data, "WORC-Lipo", columns=200, missing=0.1)
    table = pd.DataFrame(rows.X)
    pearson = pair_correlations(rows.X, "pearson")
    np.testing.assert_allclose(pearson, table.corr().abs(), atol=1e-8)
    whole, _ = read_radmlbench(public_data, "WORC-Lipo", columns=200)
    np.testing.assert_allclose(pair_correlations(whole.X), pd.DataFrame(whole.X).corr("spearman").abs(), atol=1e-10)
    for threshold in (0.0, 0.01, 0.9):
        step = STEPS.parse({"kind": "variance_threshold", "threshold": threshold})
        found = step.fit(rows, target, 0).state()
        peer = VarianceThreshold(threshold).fit(rows.X)
        assert found["kept"].tolist() == peer.get_support(indices=True).tolist()
        if threshold:
            np.testing.assert_allclose(found["strength"], peer.variances_, rtol=1e-9)


@pytest.mark.data
def test_inverse_after_inverse_gives_the_same_columns_by_vif(public_data: Path) -> None:
    """As the textbook has it: the inverse of all correlations anew after each drop. WORC-Lipo, 120 columns."""
    rows, target = read_radmlbench(public_data, "WORC-Lipo", columns=120)
    start = STEPS.parse({"kind": "drop_correlated", "above": 0.85}).fit(rows, target, 0)
    rows = start.apply(rows)
    assert np.linalg.eigvalsh(np.corrcoef(rows.X.T))[0] > 1e-6
    stay = list(range(len(rows.columns)))
    while True:
        factors = np.diag(np.linalg.inv(np.corrcoef(rows.X[:, stay].T)))
        if factors.max() <= 10:
            break
        stay.pop(int(np.argmax(factors)))
    assert Vif().fit(rows, target, 0).state()["kept"].tolist() == stay
    assert len(stay) < len(rows.columns)


@pytest.mark.parametrize("kind", [kind for kind in STEPS.modules if STEPS.load(kind).stage == "clean"])
def test_every_column_that_is_left_out_is_named_to_readers(kind: str) -> None:
    rng = np.random.default_rng(0)
    own = rng.normal(size=(60, 4))
    X = np.column_stack(
        [own, own[:, 0] + 1e-3 * rng.normal(size=60), np.ones(60), np.where(np.arange(60) < 58, 2.0, 3.0)]
    )
    if STEPS.load(kind).takes_missing:
        X = np.column_stack([X, own[:, 1], np.where(np.arange(60) < 40, np.nan, own[:, 2])])
    rows = make_rows({f"c{i}": column for i, column in enumerate(X.T)})
    found = STEPS.parse(kind).fit(rows, make_target(np.arange(60) % 2), 0)
    out = [name for name in rows.columns.names if name not in found.apply(rows).columns.names]
    assert out
    assert [told.split(":")[0] for told in found.notes()] == [f"{kind} left out {name}" for name in out]
