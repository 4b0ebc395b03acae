"""Networks of follow-up: their losses by hand, and without hidden layers the regressions that they then are."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sksurv.linear_model import CoxPHSurvivalAnalysis
from sksurv.util import Surv

from features.core.outcome import Outcome
from tasks.modelling.curves.aalen_johansen import aalen_johansen
from tasks.modelling.solvers.network_training import minimise_loss
from tasks.modelling.solvers.survival_losses import cox_loss, cut_intervals, interval_loss
from tests.support.public_tables import nki70

torch = pytest.importorskip("torch")
LINEAR: dict[str, Any] = {"hidden": (), "skips": False, "dropout": 0.0, "weight_decay": 0.0, "seed": 0}


def followed(n: int = 60, causes: int = 1) -> Outcome:
    """With days that several cases share."""
    rng = np.random.default_rng(0)
    code, days = rng.integers(0, causes + 1, n), np.ceil(rng.exponential(10, n))
    return Outcome(code, days=days, levels=("none", "relapse", "death") if causes == 2 else ())


def test_the_loss_of_cox_is_the_partial_likelihood_with_ties() -> None:
    seen = followed()
    assert seen.days is not None
    eta = np.random.default_rng(1).normal(size=60)
    by_hand = sum(
        np.log(np.exp(eta[seen.days >= day]).sum()) - one
        for one, day in zip(eta[seen.flag], seen.days[seen.flag], strict=True)
    )
    found = cox_loss(seen.flag, seen.days)(torch, torch.tensor(eta)[:, None])
    assert float(found) == pytest.approx(by_hand / 60, rel=1e-12)


@pytest.mark.parametrize("causes", [1, 2])
def test_the_loss_of_intervals_is_their_likelihood(causes: int) -> None:
    seen = followed(causes=causes)
    assert seen.days is not None
    cut = cut_intervals(seen, 4)
    told = np.random.default_rng(1).normal(size=(60, *cut.usual.shape))
    lost = 0.0
    for case in range(60):
        for j, end in enumerate(cut.ends):
            each = np.exp(told[case, j] + cut.usual[j])
            begin = cut.ends[j - 1] if j else 0.0
            if seen.code[case] and begin < seen.days[case] <= end:
                lost -= np.log(each[seen.code[case] - 1] / (1 + each.sum()))
                break
            if seen.days[case] < end:
                break
            lost += np.log(1 + each.sum())
    found = interval_loss(seen, cut)(torch, torch.tensor(told.reshape(60, -1)))
    assert float(found) == pytest.approx(lost / 60, rel=1e-6)


@pytest.mark.parametrize("causes", [1, 2])
def test_a_network_that_tells_nothing_gives_the_curves_of_all(causes: int) -> None:
    seen = followed(300, causes)
    assert seen.days is not None
    cut = cut_intervals(seen, 8)
    found = cut.incidence(np.zeros((1, cut.outputs)))
    for cause in range(causes):
        order = np.where(seen.code == 0, 0, np.where(seen.code == cause + 1, 1, 2))
        curve = aalen_johansen(seen.days, order, np.array([0.0]))
        share = np.array(curve.share)[np.searchsorted(curve.days, found.days, side="right") - 1]
        np.testing.assert_allclose(found.value[0, cause], share, atol=0.05)


@pytest.mark.slow
@pytest.mark.data
def test_without_hidden_layers_it_is_cox_regression(public_data: Path) -> None:
    """nki70, five columns; apart by 1e-4 as measured, of coefficients up to 0.5. The network of deepsurv."""
    table = nki70(public_data)
    X = table.X[:, :5]
    peer = CoxPHSurvivalAnalysis().fit(X, Surv.from_arrays(table.event, table.days))
    layers = minimise_loss(X, cox_loss(table.event, table.days), outputs=1, epochs=1500, learning_rate=0.02, **LINEAR)
    np.testing.assert_allclose(layers.weights[0][0], peer.coef_, atol=2e-3)


@pytest.mark.slow
@pytest.mark.data
def test_without_hidden_layers_intervals_are_logistic_regressions(public_data: Path) -> None:
    """The network of discrete_time_network."""
    table = nki70(public_data)
    X, seen = table.X[:, :3], table.target.outcome
    cut = cut_intervals(seen, 3)
    layers = minimise_loss(X, interval_loss(seen, cut), outputs=3, epochs=3000, learning_rate=0.02, **LINEAR)
    begin = np.concatenate([[0.0], cut.ends[:-1]])
    for j in range(3):
        event = table.event & (begin[j] < table.days) & (table.days <= cut.ends[j])
        at_risk = event | (table.days >= cut.ends[j])
        if j < 2:
            at_risk &= ~(table.event & (table.days <= begin[j]))
        peer = LogisticRegression(C=np.inf, tol=1e-10, max_iter=1000).fit(X[at_risk], event[at_risk])
        np.testing.assert_allclose(layers.weights[0][j], peer.coef_[0], atol=5e-3)


def test_intervals_hold_as_many_events_each_and_need_one() -> None:
    seen = Outcome.of_days(np.arange(40) % 2 == 0, np.arange(40.0) + 1)
    assert cut_intervals(seen, 4).ends.tolist() == [9.0, 19.0, 29.0, 39.0]
    assert len(cut_intervals(Outcome.of_days(np.array([True, False]), np.array([1.0, 2.0])), 4).ends) == 1
    for make in (lambda one: cut_intervals(one, 4), lambda one: cox_loss(one.flag, one.days)):
        with pytest.raises(ValueError, match="at least one event"):
            make(Outcome.of_days(np.zeros(3, bool), np.arange(3.0)))
