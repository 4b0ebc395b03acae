"""Accelerated failure time beside lifelines and R, on a textbook table and on a real one."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import lifelines
import numpy as np
import pandas as pd
import pytest
from lifelines.datasets import load_rossi
from scipy import stats
from scipy.optimize import minimize

from features.core.errors import FitError
from features.core.outcome import Outcome
from tasks.modelling.distribution import Distribution
from tasks.modelling.models.aft import Aft
from tasks.modelling.rows import Rows
from tasks.modelling.solvers.aft import fit_aft
from tasks.modelling.target import Target
from tests.support.design import SURVIVAL, make_rows
from tests.support.public_tables import nki70

FITTERS = {"weibull": "WeibullAFTFitter", "log_normal": "LogNormalAFTFitter", "log_logistic": "LogLogisticAFTFitter"}
# survival 3.5-3 of R 4.2.2: survreg(Surv(week, arrest) ~ fin + age + prio, rossi, dist = ...): intercept, slopes, scale.
SURVREG = {
    "weibull": [3.77376889, 0.24950363, 0.04776713, -0.06979707, 0.71409708],
    "log_normal": [3.97853796, 0.32258962, 0.03793705, -0.07554478, 1.32516331],
    "log_logistic": [3.65721261, 0.25818768, 0.04551246, -0.07427504, 0.65314059],
}


def rossi() -> tuple[Rows, Target]:
    table = load_rossi()
    rows = make_rows({name: table[name] for name in ("fin", "age", "prio")})
    return rows, Target(Outcome.of_days(table["arrest"].to_numpy() == 1, table["week"].to_numpy()), SURVIVAL)


@pytest.mark.parametrize("distribution", FITTERS)
def test_coefficients_are_those_of_survreg_of_r(distribution: Distribution) -> None:
    """432 released prisoners (Rossi et al., Money, Work and Crime 1980), as in lifelines, whose log-logistic is off by 1.4e-3."""
    found = Aft(distribution=(distribution,), penalizer=(0.0,)).fit(*rossi(), 0)
    np.testing.assert_allclose(
        [found.intercept, *found.coefficients, found.scale], SURVREG[distribution], rtol=1e-6, atol=1e-7
    )


@pytest.mark.data
@pytest.mark.parametrize("distribution", FITTERS)
def test_curves_are_those_of_lifelines(distribution: Distribution, public_data: Path) -> None:
    """Without a penalty: that of lifelines draws the shape towards 1, too. Apart by up to 2e-3, where its search ends early."""
    table = nki70(public_data)
    rows = table.rows.keep(np.array([0, 3, 5]))
    found = Aft(distribution=(distribution,), penalizer=(0.0,)).fit(rows, table.target, 0)
    frame = pd.DataFrame(rows.X, columns=list("abc")).assign(days=table.days, event=table.event)
    peer = getattr(lifelines, FITTERS[distribution])().fit(frame, "days", "event")
    curves = found.predict(rows).incidence
    assert curves is not None
    theirs = peer.predict_survival_function(frame, times=curves.days).to_numpy().T
    np.testing.assert_allclose(curves.survival(), theirs, atol=3e-3)


@pytest.mark.parametrize("distribution", FITTERS)
def test_a_penalty_gives_the_optimum_of_its_definition(distribution: Distribution) -> None:
    """The likelihood by scipy.stats, climbed by a general optimiser."""
    rows, target = rossi()
    event, days = target.y["event"], target.y["time"]
    spread = rows.X.std(axis=0, ddof=1)

    def height(intercept: float, b: Any, scale: float) -> float:
        errors = {"weibull": stats.gumbel_l, "log_normal": stats.norm, "log_logistic": stats.logistic}
        of = errors[distribution](intercept + rows.X @ b, scale)  # of the logarithm of time
        likelihood = np.where(event, of.logpdf(np.log(days)), of.logsf(np.log(days))).mean()
        return float(likelihood - 0.25 * ((b * spread) ** 2).sum())

    found = fit_aft(rows.X, event, days, distribution, 0.5)
    start = np.array([found.intercept + 0.3, *(0.5 * found.coefficients), np.log(found.scale) - 0.2])
    general = minimize(lambda t: -height(t[0], t[1:-1], np.exp(t[-1])), start, method="BFGS", options={"gtol": 1e-9})
    assert height(found.intercept, found.coefficients, found.scale) >= -general.fun - 1e-10
    np.testing.assert_allclose(found.coefficients, general.x[1:-1], atol=1e-5)


def test_too_many_columns_and_no_optimum_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    rows, target = rossi()
    many = make_rows({f"c{i}": np.arange(432.0) % (i + 2) for i in range(12)})
    with pytest.raises(FitError, match="12 features for 114 events; allowed: at most 11"):
        Aft().fit(many, target, 0)

    def fails(*_: Any) -> None:
        raise ArithmeticError("accelerated failure time, weibull: no optimum within 200 steps")

    monkeypatch.setattr("tasks.modelling.solvers.aft.fit_aft", fails)
    with pytest.raises(
        FitError, match=r"200 steps for 3 columns, 432 cases and 114 events at the penalty 0\.05; a stronger"
    ):
        Aft().fit(rows, target, 0)


@pytest.mark.parametrize("distribution", FITTERS)
def test_the_likeliest_distribution_is_that_of_the_data(distribution: Distribution) -> None:
    rng = np.random.default_rng(0)
    error = {
        "weibull": np.log(rng.exponential(size=2000)),
        "log_normal": rng.normal(size=2000),
        "log_logistic": rng.logistic(size=2000),
    }[distribution]
    x = rng.normal(size=2000)
    found = Aft().fit(make_rows({"x": x}), Target(Outcome.of_days(x < 9, np.exp(3 - x + 0.7 * error)), SURVIVAL), 0)
    assert found.distribution == distribution
    np.testing.assert_allclose([found.intercept, found.scale], [3, 0.7], atol=0.1)


def test_it_needs_days_above_zero_and_an_event() -> None:
    X, days = np.linspace(-1, 1, 20)[:, None], np.arange(20.0)
    with pytest.raises(ValueError, match="days above 0; the lowest is 0"):
        fit_aft(X, days > 5, days, "weibull", 0.0)
    with pytest.raises(ValueError, match="at least one event"):
        fit_aft(X, days < 0, days + 1, "weibull", 0.0)


@pytest.mark.parametrize("distribution", FITTERS)
def test_units_of_columns_and_days_change_nothing_else(distribution: Distribution) -> None:
    rows, target = rossi()
    event, days = target.y["event"], target.y["time"]
    one, other = (
        fit_aft(rows.X, event, days, distribution, 0.05),
        fit_aft(rows.X * 1e3 + 5, event, 7 * days, distribution, 0.05),
    )
    np.testing.assert_allclose(other.coefficients * 1e3, one.coefficients, rtol=1e-6)
    assert other.scale == pytest.approx(one.scale, rel=1e-6)


def test_events_of_one_day_have_no_scale_of_time() -> None:
    X = np.random.default_rng(0).normal(size=(30, 2))
    with pytest.raises(
        ArithmeticError, match="log_normal: the columns tell the days of events exactly, or all are the same day"
    ):
        fit_aft(X, np.ones(30, bool), np.full(30, 100.0), "log_normal", 0.1)
