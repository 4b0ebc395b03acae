"""Models beside the library that they stand for, on made numbers and on a public table: the same values for the same settings."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.ensemble import (
    ExtraTreesClassifier,
    GradientBoostingClassifier,
    GradientBoostingRegressor,
    RandomForestClassifier,
)
from sklearn.gaussian_process import GaussianProcessClassifier
from sklearn.gaussian_process.kernels import RBF, ConstantKernel
from sklearn.linear_model import ElasticNet, Lasso, LogisticRegression, Ridge
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import KNeighborsClassifier, KNeighborsRegressor
from sklearn.svm import SVC

from features.core.outcome import Outcome
from tasks.modelling.models.model import MODELS
from tasks.modelling.target import Target
from tests.support.design import ANY_ENDPOINT, make_rows

COLUMNS = 40


def made() -> pd.DataFrame:
    rng = np.random.default_rng(4)
    shared = rng.normal(size=(110, 6))
    X = rng.normal(size=(110, COLUMNS + 1)) + 2 * shared[:, rng.integers(0, 6, COLUMNS + 1)]
    return pd.DataFrame(X).assign(Target=X[:, 0] + X[:, 1] + rng.normal(size=110) > 0)


@pytest.fixture(params=["made", pytest.param("WORC-Lipo", marks=pytest.mark.data)])
def table(request: pytest.FixtureRequest) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Forty columns of spread 1, (n, 40), two classes, (n,), and a number, (n,), the next column."""
    if request.param == "made":
        found = made()
    else:
        folder: Path = request.getfixturevalue("public_data")
        found = pd.read_csv(folder / "radmlbench" / f"{request.param}.csv.gz")
    X = found.drop(columns="Target").select_dtypes("number").to_numpy(np.float64)
    X = X[:, np.linspace(0, X.shape[1] - 1, COLUMNS + 1).astype(int)]
    X = (X - X.mean(axis=0)) / X.std(axis=0)
    return X[:, :-1], found["Target"].to_numpy(bool), X[:, -1]


def told(
    kind: str, X: np.ndarray, y: np.ndarray, number: np.ndarray, endpoint: str, settings: dict[str, Any]
) -> np.ndarray:
    """What a model fitted to all but every third case says of those."""
    levels = np.digitize(number, np.quantile(number, [1 / 3, 2 / 3]))
    outcome = {
        "binary": lambda: Outcome.of_flag(y),
        "continuous": lambda: Outcome.of_value(number),
        "multiclass": lambda: Outcome(levels, levels=("a", "b", "c")),
    }[endpoint]()
    train, test = split(len(X))
    rows = make_rows({f"c{i}": X[:, i] for i in range(X.shape[1])})
    target = Target(outcome, ANY_ENDPOINT[endpoint]).take(train)
    prediction = MODELS.parse({"kind": kind, **settings}).fit(rows.take(train), target, 5).predict(rows.take(test))
    found = prediction.probability if endpoint == "multiclass" else prediction.risk
    assert found is not None
    return found


def split(n: int) -> tuple[np.ndarray, np.ndarray]:
    tested = np.arange(n) % 3 == 0
    return np.flatnonzero(~tested), np.flatnonzero(tested)


def decision(peer: Any, X: np.ndarray) -> np.ndarray:
    return np.asarray(peer.decision_function(X))


def value(peer: Any, X: np.ndarray) -> np.ndarray:
    return np.asarray(peer.predict(X))


def likely(peer: Any, X: np.ndarray) -> np.ndarray:
    found = np.asarray(peer.predict_proba(X))
    return found[:, 1] if found.shape[1] == 2 else found


def log_odds(peer: Any, X: np.ndarray) -> np.ndarray:
    found = peer.predict_joint_log_proba(X)
    return np.asarray(found[:, 1] - found[:, 0])


def latent(peer: Any, X: np.ndarray) -> np.ndarray:
    return np.asarray(peer.latent_mean_and_variance(X)[0])


LENGTH = float(np.sqrt(COLUMNS))
KERNEL = ConstantKernel(1.0, (1e-3, 1e3)) * RBF(LENGTH, (0.05 * LENGTH, 100 * LENGTH))
TIGHT = {"tol": 1e-10, "max_iter": 50_000}
BOOSTED = {"n_estimators": 60, "learning_rate": 0.05, "max_depth": 2, "max_features": "sqrt", "random_state": 5}
MIXED = {"l1_ratio": 0.5, "C": 0.3, "solver": "saga", "tol": 1e-5, "max_iter": 50_000}
NET = {"l1_ratio": [0.5], "C": [0.3]}
SPARSE = {"l1_ratio": 1.0, "C": 0.3, "solver": "saga", "tol": 1e-6, "max_iter": 100_000}
LINEAR, RADIAL = {"kernel": "linear", "C": 0.1, "tol": 1e-8}, {"kernel": "rbf", "C": 1.0, "tol": 1e-8}
# Model, endpoint, its settings, the other estimator, what it is asked, and how far values may be apart.
PEERS: list[tuple[str, str, dict[str, Any], Any, Callable[[Any, np.ndarray], np.ndarray], float]] = [
    ("ridge_logistic", "binary", {"C": [0.1]}, LogisticRegression(C=0.1, **TIGHT), decision, 1e-5),
    ("ridge_logistic", "multiclass", {"C": [0.1]}, LogisticRegression(C=0.1, **TIGHT), likely, 1e-5),
    ("elastic_net_logistic", "binary", NET, LogisticRegression(**MIXED), decision, 1e-3),
    ("lasso_logistic", "binary", {"C": [0.3]}, LogisticRegression(**SPARSE), decision, 1e-3),
    ("svm", "binary", {"kernel": ["linear"], "C": [0.1]}, SVC(**LINEAR), decision, 5e-3),
    ("svm", "binary", {"kernel": ["rbf"], "C": [1.0]}, SVC(**RADIAL), decision, 5e-3),
    ("ridge", "continuous", {"alpha": [30.0]}, Ridge(alpha=30.0), value, 1e-8),
    ("gradient_boosting", "binary", {"stop_after": [60]}, GradientBoostingClassifier(**BOOSTED), decision, 1e-9),
    ("gradient_boosting", "multiclass", {"stop_after": [60]}, GradientBoostingClassifier(**BOOSTED), likely, 1e-9),
    ("gradient_boosting", "continuous", {"stop_after": [60]}, GradientBoostingRegressor(**BOOSTED), value, 1e-9),
    ("naive_bayes", "binary", {}, GaussianNB(), log_odds, 1e-6),
    ("naive_bayes", "multiclass", {}, GaussianNB(), likely, 1e-9),
    ("nearest_neighbours", "binary", {"neighbours": [7]}, KNeighborsClassifier(7), likely, 1e-12),
    ("nearest_neighbours", "continuous", {"neighbours": [7]}, KNeighborsRegressor(7), value, 1e-9),
    ("gaussian_process", "binary", {}, GaussianProcessClassifier(KERNEL), latent, 1e-6),
    ("gaussian_process", "multiclass", {}, GaussianProcessClassifier(KERNEL), likely, 1e-6),
]


@pytest.mark.parametrize(
    ("kind", "endpoint", "settings", "peer", "asked", "apart"), PEERS, ids=[" ".join(one[:2]) for one in PEERS]
)
@pytest.mark.filterwarnings("ignore:The optimal value found")
def test_values_are_those_of_the_other_library(
    kind: str, endpoint: str, settings: dict[str, Any], peer: Any, asked: Any, apart: float, table: Any
) -> None:
    X, y, number = table
    train, test = split(len(X))
    outcome = {
        "binary": y,
        "continuous": number,
        "multiclass": np.digitize(number, np.quantile(number, [1 / 3, 2 / 3])),
    }[endpoint]
    peer.fit(X[train], outcome[train])
    np.testing.assert_allclose(told(kind, *table, endpoint, settings), asked(peer, X[test]), atol=apart, rtol=apart)


def test_an_elastic_net_is_that_of_scikit_learn_on_a_number_of_spread_1(table: Any) -> None:
    """As in glmnet, so that both penalties mean the same in every unit."""
    X, y, number = table
    train, test = split(len(X))
    spread = number[train].std()
    goal = (number[train] - number[train].mean()) / spread
    largest = np.abs((X[train] - X[train].mean(axis=0)).T @ goal).max() / (len(train) * 0.5)
    peer = ElasticNet(alpha=0.2 * largest, l1_ratio=0.5, tol=1e-12, max_iter=100_000).fit(X[train], goal)
    found = told("elastic_net", X, y, number, "continuous", {"alpha_fraction": [0.2], "l1_ratio": [0.5]})
    np.testing.assert_allclose((found - number[train].mean()) / spread, peer.predict(X[test]), atol=1e-4)


def test_a_lasso_is_that_of_scikit_learn(table: Any) -> None:
    X, y, number = table
    train, test = split(len(X))
    largest = np.abs((X[train] - X[train].mean(axis=0)).T @ (number[train] - number[train].mean())).max() / len(train)
    peer = Lasso(alpha=0.1 * largest, tol=1e-12, max_iter=100_000).fit(X[train], number[train])
    found = told("lasso", X, y, number, "continuous", {"alpha_fraction": [0.1]})
    np.testing.assert_allclose(found, peer.predict(X[test]), atol=1e-4)


@pytest.mark.parametrize(
    ("kind", "library", "apart"),
    [("extra_trees", ExtraTreesClassifier, 0.02), ("random_forest", RandomForestClassifier, 0.03)],
)
def test_forests_say_what_those_of_scikit_learn_say_but_for_the_draw(
    kind: str, library: Any, apart: float, table: Any
) -> None:
    """Splits by Gini impurity and by variance of 0 and 1 are the same; 400 trees leave a small share to chance.

    Two forests of scikit-learn are 0.015 apart."""
    X, y, _ = table
    train, test = split(len(X))
    peer = library(400, min_samples_leaf=3, max_features="sqrt", random_state=1).fit(X[train], y[train])
    found = told(kind, *table, "binary", {"trees": 400, "min_samples_leaf": [3]})
    assert np.abs(found - likely(peer, X[test])).mean() < apart
