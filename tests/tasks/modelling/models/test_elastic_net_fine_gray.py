"""Fine-Gray regression with a LASSO and an elastic net: beside glmnet of R, and by the conditions of its optimum.

tests/golden/competing_risks.csv, program finegray_glmnet_SHARE_PENALTY: glmnet 4.1-6 with family = "cox", the table and the weights
of survival::finegray, columns standardised over the cases, the penalty by number of cases (lambda = penalty × cases / sum of
weights).
"""

from __future__ import annotations

import numpy as np
import pytest

from tasks.modelling.models.elastic_net_fine_gray import ElasticNetFineGray
from tasks.modelling.models.fine_gray import FittedFineGray
from tasks.modelling.rows import Rows
from tasks.modelling.solvers.fine_gray import staying
from tasks.modelling.solvers.lasso_cox_path import largest_cox_penalty, lasso_cox_path
from tasks.modelling.target import Target
from tests.support.design import ANY_ENDPOINT, make_design, make_outcome, make_rows
from tests.tasks.modelling.models.test_fine_gray import table_of, told


def largest(rows: Rows, target: Target) -> float:
    outcome = target.outcome
    assert outcome.days is not None
    ones = np.ones(len(rows))
    return largest_cox_penalty(rows.X, outcome.code == 1, outcome.days, ones, staying=staying(outcome))


@pytest.mark.parametrize("penalty", [0.05, 0.02])
@pytest.mark.parametrize("share", [1.0, 0.5])
@pytest.mark.parametrize("name", ["cgvhd", pytest.param("head_neck", marks=pytest.mark.data)])
def test_coefficients_are_those_of_glmnet(
    name: str, share: float, penalty: float, request: pytest.FixtureRequest
) -> None:
    rows, target = table_of(name, request)
    rows = rows.with_values((rows.X - rows.X.mean(axis=0)) / rows.X.std(axis=0))
    fraction = penalty * share / largest(rows, target)
    found = ElasticNetFineGray(l1_ratio=(share,), alpha_fraction=(fraction,)).fit(rows, target, 0).importance()
    peer = told(name, f"finegray_glmnet_{share:g}_{penalty:g}")[rows.columns.names]
    np.testing.assert_allclose(found, peer, atol=5e-5)
    np.testing.assert_array_equal(found == 0, peer == 0)


@pytest.mark.parametrize("share", [1.0, 0.4])
def test_every_point_of_a_path_meets_the_conditions_of_its_optimum(share: float) -> None:
    """More columns than cases. The gradient, by sums over pairs: of whom a column is weighed, at most the penalty of the others."""
    rng = np.random.default_rng(3)
    X = rng.normal(size=(80, 120))
    outcome = make_outcome("competing_risks", X[:, 0] + X[:, 1], rng)
    days, target = outcome.days, Target(outcome, ANY_ENDPOINT["competing_risks"])
    assert days is not None
    rows, stay = make_rows({f"c{i}": column for i, column in enumerate(X.T)}), staying(outcome)
    penalties = largest(rows, target) / share * np.array([0.7, 0.3, 0.1])
    path = lasso_cox_path(
        X, outcome.code == 1, days, np.ones(80), penalties, l1_ratio=share, staying=stay, tolerance=1e-8
    )
    ends, place = np.unique(days[outcome.code == 1], return_inverse=True)
    at_risk = (days >= ends[:, None]) + (days < ends[:, None]) * stay.weight * stay.free[:, None]  # (days, n)
    for b, penalty in zip(path, penalties, strict=True):
        weight = at_risk * np.exp(X @ b)
        means = (weight / weight.sum(axis=1, keepdims=True)) @ X
        slope = (X[outcome.code == 1] - means[place]).sum(axis=0) / 80 - (1 - share) * penalty * b
        weighed = b != 0
        assert 0 < weighed.sum() < 120
        np.testing.assert_allclose(slope[weighed], share * penalty * np.sign(b[weighed]), rtol=1e-6)
        assert np.abs(slope[~weighed]).max() <= share * penalty * (1 + 1e-6)


def test_the_largest_penalty_leaves_no_weight() -> None:
    design = make_design("competing_risks", nan=0.0, n=80)
    rows, target = Rows.of(design), Target(design.outcome, design.endpoint)
    rows = rows.keep(rows.columns.names == "radiomics_0")
    fits = ElasticNetFineGray(l1_ratio=(1.0, 0.5), alpha_fraction=(1.0, 0.5))
    found = fits.fit_variants(rows, target, 0, fits.variants())
    assert all(isinstance(one, FittedFineGray) for one in found)
    none, lasso, _, net = (one.importance()[0] for one in found if isinstance(one, FittedFineGray))
    assert none == 0 < min(lasso, net)
