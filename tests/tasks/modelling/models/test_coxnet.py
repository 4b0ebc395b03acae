"""LASSO-Cox models: at their optimum, alike alone and in a path, and where nothing is to be chosen."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sksurv.linear_model import CoxnetSurvivalAnalysis

from features.core.outcome import Outcome
from tasks.modelling.models.coxnet import Coxnet
from tasks.modelling.rows import Rows
from tasks.modelling.target import Target
from tests.support.design import SURVIVAL, make_rows


def problem(n: int = 100, p: int = 150) -> tuple[Rows, Target]:
    """Columns that share a part: there scikit-survival stops early at its own tolerance."""
    rng = np.random.default_rng(3)
    X = rng.normal(size=(n, p)) + 2.0 * rng.normal(size=(n, 1))
    X = (X - X.mean(axis=0)) / X.std(axis=0)
    time, censored = rng.exponential(300 * np.exp(-X[:, :5].sum(axis=1) / 3)), rng.exponential(600, n)
    outcome = Outcome.of_days(time <= censored, np.ceil(np.minimum(time, censored)))
    return make_rows({f"c{i}": X[:, i] for i in range(p)}), Target(outcome, SURVIVAL)


def test_columns_are_those_of_a_converged_path() -> None:
    rows, target = problem()
    model = Coxnet()
    peer = CoxnetSurvivalAnalysis(l1_ratio=1.0, n_alphas=50, alpha_min_ratio=0.1, tol=1e-14, max_iter=1_000_000)
    reference = peer.fit(rows.X, target.y).coef_[:, -1]
    for one, together in zip(model.variants(), model.fit_variants(rows, target, 0, model.variants()), strict=True):
        assert not isinstance(together, Exception)
        np.testing.assert_allclose(one.fit(rows, target, 0).coefficients, together.coefficients, atol=1e-5)
    weakest = one.fit(rows, target, 0).importance()
    np.testing.assert_allclose(weakest, reference, atol=1e-4)
    np.testing.assert_array_equal(weakest != 0, np.abs(reference) > 1e-6)


def test_it_may_choose_nothing() -> None:
    rows, target = problem(p=3)
    fitted = Coxnet(alpha_fraction=(1.0,)).fit(rows, target, 0)
    np.testing.assert_allclose(fitted.predict(rows).risk, 0, atol=1e-5)
    constant = make_rows({"a": np.zeros(100)})
    assert not Coxnet().fit(constant, target, 0).importance().any()


@pytest.mark.data
def test_the_seventy_genes_have_the_weights_of_glmnet(public_data: Path) -> None:
    """nki70, standardised; R 4.2, glmnet 4.1-6, family = "cox", thresh = 1e-14, lambda at a quarter of the largest: the
    six largest, how many there are, and the sum of sizes."""
    table = pd.read_csv(public_data / "genomic-survival" / "nki70_breast_144x77.csv")
    genes = table.iloc[:, -70:]
    Z = ((genes - genes.mean()) / genes.std(ddof=0)).to_numpy()
    target = Target(Outcome.of_days(table["event"].to_numpy(bool), table["time"].to_numpy(float)), SURVIVAL)
    rows = make_rows({f"g{i}": Z[:, i] for i in range(70)})
    weights = pd.Series(Coxnet(alpha_fraction=(0.25,)).fit(rows, target, 0).importance(), index=genes.columns)
    expected = {
        "PRC1": 0.603558924144,
        "ZNF533": -0.260995935686,
        "IGFBP5.1": 0.250915555658,
        "QSCN6L1": 0.220481352395,
        "Contig32125_RC": 0.202657837175,
        "PITRM1": -0.139395009890,
    }
    assert weights[list(expected)].to_dict() == pytest.approx(expected, abs=1e-5)
    assert (weights != 0).sum() == 22
    assert weights.abs().sum() == pytest.approx(2.720938, abs=1e-4)
