"""Elastic-net Cox beside scikit-survival on a real table; of one path with LASSO-Cox."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from sksurv.linear_model import CoxnetSurvivalAnalysis
from sksurv.util import Surv

from tasks.modelling.models.coxnet import Coxnet
from tasks.modelling.models.elastic_net_cox import ElasticNetCox
from tasks.modelling.solvers.lasso_cox_path import largest_cox_penalty, lasso_cox_path
from tests.support.public_tables import nki70, vdv


@pytest.mark.data
@pytest.mark.parametrize("l1_ratio", [0.9, 0.5, 0.1])
@pytest.mark.parametrize("name", ["nki70", "vdv"])
def test_coefficients_are_those_of_a_converged_path(name: str, l1_ratio: float, public_data: Path) -> None:
    """1e-5 of coefficients up to 0.7, as measured; at its own tolerance scikit-survival stops 2e-3 before."""
    table = nki70(public_data) if name == "nki70" else vdv(public_data, 500)
    largest = largest_cox_penalty(table.X, table.event, table.days, np.ones(len(table.X)))
    penalties = largest / l1_ratio * np.array([0.5, 0.25, 0.1])
    found = lasso_cox_path(
        table.X, table.event, table.days, np.ones(len(table.X)), penalties, l1_ratio=l1_ratio, tolerance=1e-8
    )
    peer = CoxnetSurvivalAnalysis(l1_ratio=l1_ratio, alphas=penalties, tol=1e-14, max_iter=1_000_000)
    peer.fit(table.X, Surv.from_arrays(table.event, table.days))
    np.testing.assert_allclose(found, peer.coef_.T, atol=2e-5)


@pytest.mark.data
def test_settings_are_points_of_paths_and_all_on_sizes_is_lasso(public_data: Path) -> None:
    table = nki70(public_data)
    model = ElasticNetCox(l1_ratio=(1.0, 0.5), alpha_fraction=(0.5, 0.1))
    found = model.fit_variants(table.rows, table.target, 0, model.variants())
    for one, together in zip(model.variants(), found, strict=True):
        assert not isinstance(together, Exception)
        np.testing.assert_allclose(one.fit(table.rows, table.target, 0).importance(), together.importance(), atol=1e-5)
    lasso = Coxnet(alpha_fraction=(0.5,)).fit(table.rows, table.target, 0).importance()
    assert not isinstance(found[0], Exception) and not isinstance(found[2], Exception)
    np.testing.assert_allclose(found[0].importance(), lasso, atol=1e-5)
    assert (found[2].importance() != 0).sum() > (lasso != 0).sum()


def test_twins_share_their_weight_and_a_share_outside_its_range_is_refused() -> None:
    rng = np.random.default_rng(0)
    x, time = rng.normal(size=60), rng.exponential(size=60)
    time = time * np.exp(-x)
    settings = (np.ones(60, bool), time, np.ones(60), np.array([0.1]))
    ((one, other),) = lasso_cox_path(np.column_stack([x, x]), *settings, l1_ratio=0.5)
    assert one == pytest.approx(other, rel=1e-4) and one > 0.1
    with pytest.raises(ValueError, match="l1_ratio is 0; allowed: above 0, at most 1"):
        lasso_cox_path(x[:, None], *settings, l1_ratio=0.0)
