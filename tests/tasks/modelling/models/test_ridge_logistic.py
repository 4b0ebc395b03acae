"""Ridge logistic regression: proportional odds, more columns than cases, classes that training lacks."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LogisticRegression

from features.core.outcome import Outcome
from tasks.modelling.models.ridge_logistic import RidgeLogistic
from tasks.modelling.target import Target
from tests.support.design import ANY_ENDPOINT, BINARY, make_design, make_rows


def made(p: int = 300, n: int = 60) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(2)
    X = rng.normal(size=(n, p))
    return X, X[:, 0] + 0.5 * rng.logistic(size=n)


def rows_of(X: np.ndarray) -> object:
    return make_rows({f"c{i}": X[:, i] for i in range(X.shape[1])})


@pytest.mark.parametrize("C", [1e-3, 1.0, 100.0])
def test_more_columns_than_cases_give_the_coefficients_of_scikit_learn(C: float) -> None:
    X, drive = made()
    peer = LogisticRegression(C=C, tol=1e-10, max_iter=50_000).fit(X, drive > 0)
    model = RidgeLogistic(C=(C,)).fit(rows_of(X), Target(Outcome.of_flag(drive > 0), BINARY), 0)
    np.testing.assert_allclose(model.importance(), peer.coef_[0], atol=1e-5)


@pytest.mark.data
def test_ranks_have_the_odds_of_statsmodels(public_data: Path) -> None:
    """OrderedModel(distr="logit") of statsmodels 0.15.0, fitted by BFGS to a gradient of 1e-9, without a penalty."""
    table = pd.read_csv(public_data / "radmlbench" / "WORC-Lipo.csv.gz")
    X = table.select_dtypes("number").iloc[:, :5].to_numpy()
    X = (X - X.mean(axis=0)) / X.std(axis=0)
    number = table["MR_original_firstorder_Entropy"].to_numpy()
    levels = np.digitize(number, np.quantile(number, [1 / 3, 2 / 3]))
    target = Target(Outcome(levels, levels=("low", "middle", "high")), ANY_ENDPOINT["ordinal"])
    model = RidgeLogistic(C=(1e9,)).fit(rows_of(X), target, 0)
    expected = [
        -0.10220008116746893,
        -0.05099524426323486,
        -0.39787174801092356,
        0.4345511870240298,
        -0.07969801843449505,
    ]
    np.testing.assert_allclose(model.importance(), expected, atol=1e-6)
    np.testing.assert_allclose(model.intercepts, [-0.72190478, 0.72305451], atol=1e-6)  # type: ignore[attr-defined]


def test_ranks_that_training_lacks_have_the_probability_0() -> None:
    X, drive = made(p=5)
    target = Target(Outcome(np.where(drive > 0, 3, 1), levels=("a", "b", "c", "d")), ANY_ENDPOINT["ordinal"])
    found = RidgeLogistic(C=(1.0,)).fit(rows_of(X), target, 0).predict(rows_of(X))
    assert (found.probability[:, [0, 2]] == 0).all()
    np.testing.assert_allclose(found.probability.sum(axis=1), 1)


@pytest.mark.parametrize("kind", ["ridge_logistic", "naive_bayes", "gaussian_process", "gradient_boosting"])
def test_one_class_alone_is_said(kind: str) -> None:
    from tasks.modelling.models.model import MODELS

    X, _ = made(p=3)
    model = MODELS.parse(kind)
    (found, *_) = model.fit_variants(
        rows_of(X), Target(Outcome.of_flag(np.ones(60, bool)), BINARY), 0, model.variants()
    )
    assert isinstance(found, ValueError)
    assert str(found).startswith(f"{kind}: needs training cases of two classes; found 60 cases, ")


def test_the_planted_class_follows_its_column() -> None:
    design = make_design("multiclass", n=120, signal=3.0, nan=0.0)
    X = design.X[["radiomics_0", "radiomics_1"]].to_numpy()
    weights = RidgeLogistic(C=(1.0,)).fit(rows_of(X), Target(design.outcome, design.endpoint), 0).importance()
    assert weights[0] > 5 * weights[1]
