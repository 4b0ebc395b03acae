"""Curves of Cox models beside lifelines and scikit-survival on a real table, and where events compete."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from features.core.outcome import Outcome
from tasks.modelling.curves.aalen_johansen import aalen_johansen
from tasks.modelling.solvers.baseline import fit_baseline

COX_GENES = ["TSPYL5", "DIAPH3", "NUSAP1", "ALDH4A1", "Age"]


@pytest.mark.data
def test_survival_is_that_of_lifelines_and_scikit_survival(public_data: Path) -> None:
    """nki70: 144 patients, 48 events. lifelines rounds its steps of Newton: 4 digits; with its coefficients 12."""
    from lifelines import CoxPHFitter
    from sksurv.linear_model import CoxPHSurvivalAnalysis
    from sksurv.util import Surv

    table = pd.read_csv(public_data / "genomic-survival" / "nki70_breast_144x77.csv")
    X, event, days = table[COX_GENES].to_numpy(float), table["event"].to_numpy(bool), table["time"].to_numpy()
    outcome = Outcome.of_days(event, days)
    peer = CoxPHFitter().fit(table[[*COX_GENES, "time", "event"]], "time", "event")
    found = fit_baseline(X @ peer.params_.to_numpy(), outcome).incidence(X[:30] @ peer.params_.to_numpy())
    theirs = peer.predict_survival_function(table.loc[:29, COX_GENES], times=found.days).to_numpy().T
    np.testing.assert_allclose(found.survival(), theirs, rtol=1e-12, atol=1e-12)
    other = CoxPHSurvivalAnalysis().fit(X, Surv.from_arrays(event, days))
    found = fit_baseline(X @ other.coef_, outcome).incidence(X[:30] @ other.coef_)
    steps = other.predict_survival_function(X[:30], return_array=True)
    at = np.searchsorted(other.unique_times_, found.days)
    np.testing.assert_allclose(found.survival(), steps[:, at], rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("causes", [1, 2])
def test_without_risks_curves_are_those_of_all_cases(causes: int) -> None:
    """exp(−Nelson-Aalen) is near the product of Kaplan and Meier, and the same holds for each cause (Aalen & Johansen)."""
    rng = np.random.default_rng(0)
    code, days = rng.integers(0, causes + 1, 400), np.ceil(rng.exponential(900, 400))
    levels = ("none", "relapse", "death") if causes == 2 else ()
    found = fit_baseline(np.zeros(400), Outcome(code, days, levels=levels)).incidence(np.zeros(1))
    for cause in range(causes):
        order = np.where(code == 0, 0, np.where(code == cause + 1, 1, 2))
        curve = aalen_johansen(days, order, np.array([0.0]))
        places = np.searchsorted(curve.days, found.days, side="right") - 1
        early = found.days < np.quantile(days, 0.95)
        np.testing.assert_allclose(found.value[0, cause, early], np.array(curve.share)[places][early], atol=0.01)


def test_a_cause_that_was_never_seen_is_never_expected_and_far_risks_stay_finite() -> None:
    code, days = np.array([1, 0, 1, 0, 1]), np.array([1.0, 2.0, 3.0, 4.0, 5.0])
    outcome = Outcome(code, days, levels=("none", "relapse", "death"))
    risk = np.array([2000.0, -2000.0, 0.0, 5.0, -5.0])
    found = fit_baseline(risk, outcome).incidence(risk)
    assert np.isfinite(found.value).all() and (found.value[:, 1] == 0).all()
    assert found.value[0, 0, -1] == 1 and found.value[1, 0, -1] < 1e-6
