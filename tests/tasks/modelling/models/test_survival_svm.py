"""Survival SVM: that of scikit-survival on a real table, and what it says where it cannot be fitted."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from sksurv.metrics import concordance_index_censored
from sksurv.svm import FastKernelSurvivalSVM, FastSurvivalSVM

from features.core.outcome import Outcome
from tasks.modelling.models.survival_svm import SurvivalSvm
from tasks.modelling.target import Target
from tests.support.design import SURVIVAL, make_rows
from tests.support.public_tables import vdv


@pytest.mark.data
def test_weights_are_those_of_scikit_survival(public_data: Path) -> None:
    table = vdv(public_data, 100)
    pairs = np.count_nonzero(table.event[:, None] & (table.days[:, None] < table.days))
    peer = FastSurvivalSVM(alpha=0.01 * len(table.X) / pairs, max_iter=1000, random_state=0)
    peer.fit(table.X, table.target.y)
    found = SurvivalSvm(C=(0.01,)).fit(table.rows, table.target, 0)
    np.testing.assert_allclose(found.importance(), -peer.coef_, atol=1e-12)
    risk = found.predict(table.rows).risk
    np.testing.assert_allclose(risk, peer.predict(table.X), atol=1e-12)


@pytest.mark.data
@pytest.mark.parametrize("C", [0.01, 0.1])
def test_scores_of_the_rbf_kernel_are_those_of_scikit_survival(public_data: Path, C: float) -> None:
    """Up to a constant, by which theirs are not centred."""
    table = vdv(public_data, 100)
    train, test = np.flatnonzero(np.arange(78) % 3), np.arange(0, 78, 3)
    pairs = np.count_nonzero(table.event[train][:, None] & (table.days[train][:, None] < table.days[train]))
    gamma = 1 / (100 * table.X[train].var())
    alpha = C * 100 * len(train) / pairs
    peer = FastKernelSurvivalSVM(alpha=alpha, kernel="rbf", gamma=gamma, max_iter=1000, random_state=0)
    peer.fit(table.X[train], table.target.y[train])
    found = SurvivalSvm(kernel=("rbf",), C=(C,)).fit(table.rows.take(train), table.target.take(train), 0)
    risk, theirs = found.predict(table.rows.take(test)).risk, peer.predict(table.X[test])
    np.testing.assert_allclose(risk, theirs - peer.predict(table.X[train]).mean(), atol=1e-9 * np.ptp(theirs))
    assert np.isnan(found.importance()).all()


def test_an_rbf_kernel_orders_what_no_line_orders() -> None:
    """Cases in the middle live longest."""
    rng = np.random.default_rng(1)
    x = rng.normal(size=(120, 2))
    days = np.exp(2 - (x[:, 0] ** 2)) * 100 + rng.exponential(5, 120)
    target = Target(Outcome.of_days(np.ones(120, bool), days), SURVIVAL)
    rows = make_rows({"a": x[:, 0], "b": x[:, 1]})
    fits = SurvivalSvm(kernel=("linear", "rbf"), C=(0.1,))
    linear, rbf = fits.fit_variants(rows, target, 0, fits.variants())
    assert not isinstance(linear, Exception) and not isinstance(rbf, Exception)
    one, other = (
        concordance_index_censored(target.y["event"], days, each.predict(rows).risk)[0] for each in (linear, rbf)
    )
    assert other > 0.9 > 0.7 > one


def test_too_few_pairs_and_too_few_steps_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(0)
    rows, days = make_rows({"a": rng.normal(size=30), "b": rng.normal(size=30)}), np.arange(30.0) + 1
    last = Target(Outcome.of_days(days == 30, days), SURVIVAL)
    with pytest.raises(ValueError, match="no event of 1 is before the end of another case's follow-up"):
        SurvivalSvm().fit(rows, last, 0)
    monkeypatch.setattr("tasks.modelling.models.survival_svm.MOST_STEPS", 1)
    with pytest.raises(
        ArithmeticError, match="no optimum within 1 steps at C = 0.001 .linear., with 2 columns and 30 cases"
    ):
        SurvivalSvm().fit(rows, Target(Outcome.of_days(days > 3, days), SURVIVAL), 0)
