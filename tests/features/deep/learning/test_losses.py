"""Losses by hand and by scikit-learn."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from sklearn.metrics import log_loss

from features.deep.learning.losses import (
    Classes,
    Flags,
    IntervalLikelihood,
    Loss,
    PartialLikelihood,
    Ranks,
    SquaredError,
    SquaredHinge,
)

torch = pytest.importorskip("torch")
RNG = np.random.default_rng(3)
N = 20
ROWS = np.array([1, 4, 5, 9, 12, 17])
CODE = RNG.integers(0, 3, N)
WEIGHTS = RNG.uniform(0.5, 2.0, N)


def lost(loss: Loss, told: np.ndarray) -> float:
    assert told.shape == (len(ROWS), loss.outputs)
    return float(loss.lost(torch, torch.tensor(told), ROWS))


def logistic(x: Any) -> Any:
    return 1 / (1 + np.exp(-x))


def test_flags_labels_and_classes_have_the_cross_entropy_of_scikit_learn() -> None:
    flags = RNG.integers(0, 2, (N, 1)).astype(float)
    told = RNG.normal(size=(6, 1))
    by_peer = log_loss(flags[ROWS, 0], logistic(told[:, 0]), sample_weight=WEIGHTS[ROWS], normalize=False) / 6
    assert lost(Flags(flags, WEIGHTS[:, None]), told) == pytest.approx(by_peer)
    told = RNG.normal(size=(6, 3))
    likely = np.exp(told) / np.exp(told).sum(axis=1, keepdims=True)
    by_peer = log_loss(CODE[ROWS], likely, labels=[0, 1, 2], sample_weight=WEIGHTS[ROWS], normalize=False) / 6
    assert lost(Classes(CODE, 3, WEIGHTS), told) == pytest.approx(by_peer)


def test_what_is_not_known_weighs_nothing() -> None:
    seen = RNG.integers(0, 2, (N, 2)).astype(float)
    gone = seen.copy()
    gone[ROWS[0], 1] = np.nan
    told = torch.tensor(RNG.normal(size=(6, 2)), requires_grad=True)
    for loss in (Flags(gone, np.ones((N, 2))), SquaredError(gone)):
        (slope,) = torch.autograd.grad(loss.lost(torch, told, ROWS), told)
        assert slope[0, 1] == 0 and (slope[0, 0] != 0) and torch.isfinite(slope).all()


def test_ranks_have_the_likelihood_of_being_above_each_rank() -> None:
    told = RNG.normal(size=(6, 2))
    odds = np.column_stack([told[:, 0], told[:, 0] - np.log1p(np.exp(told[:, 1]))])
    higher = logistic(odds)
    by_hand = 0.0
    for case, row in enumerate(ROWS):
        for k in range(2):
            by_hand -= WEIGHTS[row] * np.log(higher[case, k] if CODE[row] > k else 1 - higher[case, k])
    assert lost(Ranks(CODE, 3, WEIGHTS), told) == pytest.approx(by_hand / 6)


def test_margins_and_numbers() -> None:
    positive, told = CODE > 0, RNG.normal(size=(6, 1))
    margin = np.maximum(0, 1 - np.where(positive[ROWS], 1, -1) * told[:, 0]) ** 2
    assert lost(SquaredHinge(positive, WEIGHTS), told) == pytest.approx((margin * WEIGHTS[ROWS]).mean())
    number = RNG.normal(size=(N, 1))
    assert lost(SquaredError(number), told) == pytest.approx(((told - number[ROWS]) ** 2).mean())


def test_who_is_at_risk_is_looked_for_among_the_cases_of_a_batch() -> None:
    event, days, told = CODE > 0, np.ceil(RNG.exponential(5, N)), RNG.normal(size=(6, 1))
    loss, eta = PartialLikelihood(event, days), told[:, 0]
    at_risk = [np.log(np.exp(eta[days[ROWS] >= day]).sum()) for day in days[ROWS]]
    by_hand = sum(one - own for one, own, seen in zip(at_risk, eta, event[ROWS], strict=True) if seen)
    assert lost(loss, told) == pytest.approx(by_hand / 6)
    assert loss.teaches(ROWS) and not loss.teaches(np.flatnonzero(~event)) and not loss.teaches(ROWS[:1])


@pytest.mark.parametrize("made", [Flags, Classes, Ranks])
def test_at_first_every_case_is_told_what_is_usual(made: Any) -> None:
    """No constant makes the loss smaller, but for half a case that keeps it finite."""
    code = np.repeat([0, 1, 2], [30, 20, 10])
    rows, ones = np.arange(60), np.ones(60)
    loss = Flags((code > 0).astype(float)[:, None], ones[:, None]) if made is Flags else made(code, 3, ones)
    told = torch.tensor(np.tile(loss.start(rows), (60, 1)), requires_grad=True)
    (slope,) = torch.autograd.grad(loss.lost(torch, told, rows), told)
    assert slope.sum(dim=0).abs().max() < 0.02


def test_intervals_count_whom_they_should() -> None:
    """One cause: the cross-entropy of an event in each interval that counts."""
    code, counted = np.array([[0, 1], [1, 0], [0, 0]]), np.array([[True, True], [True, False], [True, False]])
    loss = IntervalLikelihood(code.astype(np.int64), counted, np.array([[0.1], [-0.4]]))
    told = RNG.normal(size=(3, 2))
    likely = logistic(told + np.array([0.1, -0.4]))
    by_hand = -np.log(np.where(code, likely, 1 - likely))[counted].sum() / 3
    assert float(loss.lost(torch, torch.tensor(told), np.arange(3))) == pytest.approx(by_hand)
