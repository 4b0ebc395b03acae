"""Ridge Cox beside scikit-survival on real tables, with fewer and with more columns than cases."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from sksurv.linear_model import CoxPHSurvivalAnalysis
from sksurv.util import Surv

from tasks.modelling.solvers.ridge_cox_path import ridge_cox_path
from tests.support.public_tables import nki70, vdv


@pytest.mark.data
@pytest.mark.parametrize("name", ["nki70", "vdv"])
def test_coefficients_are_those_of_scikit_survival(name: str, public_data: Path) -> None:
    """Apart by 2e-15 as measured."""
    table = nki70(public_data) if name == "nki70" else vdv(public_data, 150)
    penalties = np.array([4.0, 1.0, 0.3])
    found = ridge_cox_path(table.X, table.event, table.days, penalties)
    for b, penalty in zip(found, penalties, strict=True):
        peer = CoxPHSurvivalAnalysis(alpha=len(table.X) * penalty, tol=1e-14, n_iter=200)
        peer.fit(table.X, Surv.from_arrays(table.event, table.days))
        np.testing.assert_allclose(b, peer.coef_, atol=1e-10)


def test_without_more_columns_it_is_the_same_as_with_columns_of_zeros() -> None:
    """Two ways of solving: by column, and in the space of the cases."""
    rng = np.random.default_rng(0)
    X, event, time = rng.normal(size=(40, 30)), rng.random(40) < 0.5, np.ceil(rng.exponential(20, 40))
    few = ridge_cox_path(X, event, time, np.array([0.5, 0.05]))
    many = ridge_cox_path(np.hstack([X, np.zeros((40, 30))]), event, time, np.array([0.5, 0.05]))
    np.testing.assert_allclose(many, np.hstack([few, np.zeros((2, 30))]), atol=1e-10)


def test_what_has_no_optimum_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    X, time = np.linspace(-1, 1, 20)[:, None], np.arange(20.0)[::-1]
    with pytest.raises(ValueError, match="at least one event"):
        ridge_cox_path(X, np.zeros(20, bool), time, np.array([1.0]))
    monkeypatch.setattr("tasks.modelling.solvers.ridge_cox_path._MOST_STEPS", 2)
    with pytest.raises(ArithmeticError, match="ridge Cox: no optimum within 2 steps at the penalty 0.001; a stronger"):
        ridge_cox_path(X, np.ones(20, bool), time, np.array([0.001]))
