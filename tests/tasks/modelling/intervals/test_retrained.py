"""The variance over other data sets: two repeats that agree add nothing, and repeats that disagree do."""

from __future__ import annotations

import numpy as np
import pytest

from tasks.modelling.intervals.patient_pairs import PatientPairs
from tasks.modelling.intervals.retrained import retrained_variance
from tasks.modelling.pairs import Pairs, auc_pairs

LABEL = np.arange(40) % 2 == 0


def repeated(scores: list[np.ndarray], seed: int = 0) -> PatientPairs:
    """Four folds a repeat, each repeat with scores of its own."""
    rng = np.random.default_rng(seed)
    folds: list[Pairs] = []
    for score in scores:
        order = np.argsort(LABEL[shuffled := rng.permutation(40)], kind="stable")
        for i in range(4):
            own = shuffled[order][i::4]
            folds.append(auc_pairs(own, LABEL[own], score[own]))
    return PatientPairs.of(folds, [i // 4 for i in range(len(folds))], np.arange(40).astype(str))


def test_models_that_agree_leave_the_variance_of_the_cases() -> None:
    """Scores that order all cases alike in every repeat: what differs between repeats are the partners alone."""
    found = []
    for seed in range(60):
        rng = np.random.default_rng(seed)
        pairs = repeated([rng.normal(size=40) + LABEL] * 6, seed)
        plain = float((pairs.influence.sum(axis=0) ** 2).sum())
        found.append(retrained_variance(pairs, 3.0) / plain)
    assert np.median(found) == pytest.approx(1.0, abs=0.1)


def test_models_that_disagree_add_what_they_disagree_by() -> None:
    """A quarter of the score's variance is new in each repeat: (1 − ρ) · ratio = 0.75 of the variance that is not of the labels."""
    found = []
    for seed in range(60):
        rng = np.random.default_rng(seed)
        usual = rng.normal(size=40) * 0.75**0.5
        pairs = repeated([usual + 0.25**0.5 * rng.normal(size=40) for _ in range(6)], seed)
        plain = float((pairs.influence.sum(axis=0) ** 2).sum())
        found.append(retrained_variance(pairs, 3.0) / plain)
    assert 1.6 < float(np.mean(found)) < 2.4


def test_one_repeat_does_not_tell() -> None:
    with pytest.raises(ValueError, match="a single repeat"):
        retrained_variance(repeated([np.arange(40.0)]), 3.0)
    pair = Pairs(np.array([0, 1]), np.array([[0.0, 1.0], [0.0, 0.0]]), np.zeros((2, 2)))
    with pytest.raises(ValueError, match="no case has two pairs"):
        retrained_variance(PatientPairs.of([pair, pair], [0, 1], np.array(["a", "b"])), 1.0)


def test_names_and_order_of_patients_do_not_matter() -> None:
    rng = np.random.default_rng(2)
    pairs = repeated([rng.normal(size=40) for _ in range(3)])
    order = rng.permutation(40)
    moved = tuple(Pairs(order[fold.rows], fold.comparable, fold.concordant) for fold in pairs.folds)
    other = PatientPairs(moved, pairs.repeats, 40)
    assert retrained_variance(other, 3.0) == pytest.approx(retrained_variance(pairs, 3.0))
