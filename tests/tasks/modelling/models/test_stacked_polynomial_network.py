"""Stacked polynomial networks: units that share nothing, and what no line tells."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from sklearn.decomposition import PCA
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import PolynomialFeatures, StandardScaler

from features.core.outcome import Outcome
from tasks.modelling.models.ridge_logistic import RidgeLogistic
from tasks.modelling.models.stacked_polynomial_network import StackedPolynomialNetwork
from tasks.modelling.solvers.polynomial_network import fit_polynomials
from tasks.modelling.target import Target
from tests.support.design import BINARY, make_rows
from tests.support.radmlbench import read_radmlbench


def made(n: int = 200) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    X = rng.normal(size=(n, 6))
    return X, X[:, 0] * X[:, 1] + 0.3 * rng.normal(size=n) > 0


def test_units_of_all_layers_are_orthonormal_over_the_training_cases() -> None:
    X, y = made()
    units = fit_polynomials(X, y[:, None].astype(float), degree=3, width=8).apply(X)
    assert units.shape[1] > 16
    np.testing.assert_allclose(units.T @ units / len(X), np.eye(units.shape[1]), atol=1e-8)


def test_a_product_of_two_columns_is_told_where_a_line_tells_nothing() -> None:
    X, y = made()
    rows, target = make_rows({f"c{i}": X[:, i] for i in range(6)}), Target(Outcome.of_flag(y), BINARY)
    train, test = np.arange(120), np.arange(120, 200)
    aucs = [
        roc_auc_score(y[test], model.fit(rows.take(train), target.take(train), 0).predict(rows.take(test)).risk)
        for model in (StackedPolynomialNetwork(width=(10,), C=(0.1,), stacked=1), RidgeLogistic(C=(0.01,)))
    ]
    assert aucs[0] > 0.8 and aucs[1] < 0.65


@pytest.mark.data
def test_a_wide_network_of_a_public_table_is_a_ridge_on_all_polynomials(public_data: Path) -> None:
    """WORC-Lipo, five columns: with room for every unit a network of degree 2 spans the 20 polynomials, and a ridge regression asks
    not which orthonormal units these are."""
    rows, target = read_radmlbench(public_data, "WORC-Lipo")
    X, y = StandardScaler().fit_transform(rows.X[:, [0, 5, 12, 20, 40]]), np.asarray(target.y)
    rows, test = make_rows({f"c{i}": X[:, i] for i in range(5)}), np.arange(len(X)) % 3 == 0
    train = np.flatnonzero(~test)
    model = StackedPolynomialNetwork(stacked=1, degree=2, width=(25,), C=(0.5,))
    found = model.fit(rows.take(train), target.take(train), 0).predict(rows.take(np.flatnonzero(test))).risk
    units = make_pipeline(PolynomialFeatures(2, include_bias=False), PCA(whiten=True, svd_solver="full"))
    spread = np.sqrt(len(train) / (len(train) - 1))  # PCA divides by n - 1
    fitted = units.fit_transform(X[train]) * spread
    assert fitted.shape[1] == 20
    peer = LogisticRegression(C=0.5, tol=1e-12, max_iter=50_000).fit(fitted, y[train])
    np.testing.assert_allclose(found, peer.decision_function(units.transform(X[test]) * spread), atol=1e-5)
