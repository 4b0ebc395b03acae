"""Variance of a score of repeated cross-validation over other data sets: other cases to predict and to train on.

The bootstrap, and DeLong's variance, take the models as they are. But each case also trains the models that predict the others,
and both add up. Write the placement of a case (the share of its pairs that are concordant) as a sum of parts, each of which
depends on the case and on d training cases (Hoeffding). Such a part lies on d + 1 cases, each of which may be the one that is
predicted. If it is the same whoever that is (it is for means, ridge, and to first order for all smooth learners), its variance
counts 1 + d times; if not, less. So

    variance = P · (1 + d),    P = Σ over patients of (influence)²,

d being the mean order. Repeats tell it. Two training sets of folds share a part o = 1 − 1/folds of their cases, so that of the
variance of a placement a part o^d stays from one repeat to another, and 1 − o^d is new. With Q, the variance of a placement between
repeats beyond what other partners in its fold explain, as a sum over patients like P,

    o^d = P / (P + Q),    d = log(1 + Q / P) / log(1 / o).

Q is the covariance of two pairs of a case in one repeat less that in two repeats.

Not seen is what training cases do to all test cases alike (a learner that finds the signal or not, as a whole): it cannot be told
from one data set (Bengio & Grandvalet, J Mach Learn Res 2004;5:1089). benchmarks/coverage.py measures what this leaves.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from tasks.modelling.intervals.patient_pairs import PatientPairs

Floats = NDArray[np.float64]


def retrained_variance(pairs: PatientPairs, ratio: float) -> float:
    """Variance of a share of concordant pairs over other data sets. ratio: training cases to test cases (folds − 1).

    Raises ValueError if the repeats do not tell: fewer than two, or no case with two pairs in a fold and pairs in two repeats.
    """
    return with_training(float((pairs.influence.sum(axis=0) ** 2).sum()), _unrest(pairs), ratio)


def with_training(settled: float, unrest: float, ratio: float) -> float:
    """P · (1 + d), see above. settled: P; unrest: Q; ratio: training cases to test cases of a fold."""
    if not settled > 0:
        return 0.0
    return settled * (1 + math.log1p(max(0.0, unrest) / settled) / math.log1p(1 / ratio))


def _unrest(pairs: PatientPairs) -> float:
    """Q, of pairs in which patients stand first, second, and one of each."""
    inside, across = _products(pairs)
    weight = pairs.comparable / pairs.total
    found = 0.0
    for side, (one, two) in enumerate(((0, 0), (1, 1), (0, 1))):
        share = float((weight[one] * weight[two]).sum()) * (2 if one != two else 1)
        if share == 0:
            continue
        if inside[1, side] <= 0 or across[1, side] <= 0:
            if one != two:
                continue  # hardly any patient stands on both sides
            raise ValueError("no case has two pairs within a fold, and pairs in two repeats")
        found += share * float(inside[0, side] / inside[1, side] - across[0, side] / across[1, side])
    return found


def _products(pairs: PatientPairs) -> tuple[Floats, Floats]:
    """Sums of products of two pairs of a patient within a repeat and across repeats, each (2, 3).

    First row: of what pairs deviate from what their two patients let expect. Second row: of weights. Columns: both times first,
    both times second, one of each. A pair with itself is left out: it says nothing of the patient.
    """
    labels = {repeat: i for i, repeat in enumerate(dict.fromkeys(pairs.repeats))}
    if len(labels) < 2:
        raise ValueError("a single repeat")
    known = pairs.comparable > 0
    usual = np.divide(pairs.concordant, pairs.comparable, out=np.zeros_like(pairs.concordant), where=known)
    sums = np.zeros((2, len(labels), 2, pairs.patients))  # deviation and weight; repeat; first and second; patient
    whole = np.zeros((2, pairs.patients, pairs.patients))
    inside, every, itself = (np.zeros((2, 3)) for _ in range(3))
    for fold, repeat in zip(pairs.folds, pairs.repeats, strict=True):
        rows = fold.rows
        expected = usual[0, rows][:, None] + usual[1, rows][None, :] - pairs.value
        for what, cells in enumerate((fold.concordant - fold.comparable * expected, fold.comparable)):
            sums[what, labels[repeat], 0, rows] += cells.sum(axis=1)
            sums[what, labels[repeat], 1, rows] += cells.sum(axis=0)
            whole[what][np.ix_(rows, rows)] += cells
            same, crossed = float((cells**2).sum()), float((cells * cells.T).sum())
            itself[what] += same, same, crossed
    for what in (0, 1):
        first, second = sums[what, :, 0], sums[what, :, 1]
        inside[what] = (first**2).sum(), (second**2).sum(), (first * second).sum()
        one, two = first.sum(axis=0), second.sum(axis=0)
        same, crossed = float((whole[what] ** 2).sum()), float((whole[what] * whole[what].T).sum())
        every[what] = (one**2).sum() - same, (two**2).sum() - same, (one * two).sum() - crossed
    inside -= itself
    return inside, every - inside
