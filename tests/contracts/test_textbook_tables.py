"""Regressions and curves of follow-up on the tables of textbooks, beside R: tests/golden/textbook_survival.csv.

The tables come with lifelines: rossi (recidivism; Allison 1995), leukemia (Freireich 1963; Kleinbaum), lung (NCCTG; Therneau &
Grambsch) without patients who lack a value, larynx (Kardaun 1983). Textbooks print their Cox coefficients with three digits:
of rossi −0.379 for financial aid, −0.057 for age, 0.091 for earlier convictions (Fox & Weisberg 2011).
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

import lifelines.datasets
import numpy as np
import pandas as pd
import pytest

from features.core.outcome import Outcome
from tasks.modelling.curves.kaplan_meier import kaplan_meier
from tasks.modelling.curves.logrank import logrank_p
from tasks.modelling.follow_up.rmst import restricted_mean
from tasks.modelling.solvers.aft import fit_aft
from tasks.modelling.solvers.baseline import fit_baseline
from tasks.modelling.solvers.ridge_cox import fit_ridge_cox

GOLDEN = pd.read_csv(Path(__file__).parents[1] / "golden" / "textbook_survival.csv", sep=";", comment="#")
TABLES = list(GOLDEN["table"].unique())
DISTRIBUTIONS = {"weibull": "weibull", "lognormal": "log_normal", "loglogistic": "log_logistic"}
Floats = np.ndarray


@cache
def table_of(name: str) -> tuple[pd.DataFrame, Floats, Floats]:
    """Columns, events and times."""
    found = getattr(lifelines.datasets, f"load_{name}")()
    named = {
        "rossi": ("week", "arrest"),
        "leukemia": ("t", "status"),
        "lung": ("time", "status"),
        "larynx": ("time", "death"),
    }
    time, event = named[name]
    if name == "lung":
        found = found[["time", "status", "age", "sex", "ph.ecog", "wt.loss"]].dropna()
    return found.drop(columns=[time, event]), found[event].to_numpy(bool), found[time].to_numpy(np.float64)


def told(table: str, program: str) -> pd.Series:
    return GOLDEN[(GOLDEN["table"] == table) & (GOLDEN["program"] == program)].set_index("what")["value"]


@pytest.mark.parametrize("name", TABLES)
def test_cox_regression_and_its_curve_are_those_of_r(name: str) -> None:
    columns, event, time = table_of(name)
    X, peer = columns.to_numpy(np.float64), told(name, "coefficient")
    found = fit_ridge_cox(X, event, time, 1e-12)
    np.testing.assert_allclose(found, peer[list(columns)], rtol=1e-5)
    free = told(name, "survival_of_the_first")
    baseline = fit_baseline((X - X.mean(axis=0)) @ found, Outcome.of_days(event, time))
    curve = baseline.incidence((X[:1] - X.mean(axis=0)) @ found)
    share = 1 - curve.at(free.index.to_numpy(np.float64))[0, 0]
    np.testing.assert_allclose(share, free, rtol=1e-5)


@pytest.mark.parametrize("name", TABLES)
def test_kaplan_meier_restricted_mean_and_log_rank_are_those_of_r(name: str) -> None:
    columns, event, time = table_of(name)
    curve, peer = kaplan_meier(time, event, np.zeros(1)), told(name, "kaplan_meier")
    at = np.searchsorted(curve.days, peer.index.to_numpy(np.float64), side="right") - 1
    np.testing.assert_allclose(np.array(curve.share)[at], peer, rtol=1e-9)
    ((until, mean),) = told(name, "rmst").items()
    assert restricted_mean(time, event, float(str(until)))[0] == pytest.approx(mean, rel=1e-9)
    ((column, p),) = told(name, "logrank").items()
    group = columns[str(column)] == columns[str(column)].max()
    assert logrank_p(time, event, group.to_numpy())[0] == pytest.approx(p, rel=1e-4)


@pytest.mark.parametrize("program", DISTRIBUTIONS)
@pytest.mark.parametrize("name", TABLES)
def test_accelerated_failure_times_are_those_of_r(name: str, program: str) -> None:
    columns, event, time = table_of(name)
    peer = told(name, program)
    found = fit_aft(columns.to_numpy(np.float64), event, time, DISTRIBUTIONS[program], 0.0)  # type: ignore[arg-type]
    np.testing.assert_allclose(found.coefficients, peer[list(columns)], rtol=1e-5, atol=1e-7)
    assert found.scale == pytest.approx(peer["scale"], rel=1e-6)
