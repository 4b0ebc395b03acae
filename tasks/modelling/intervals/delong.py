"""Variance of the score of one model on cases that it did not train on: DeLong's, with patients as clusters."""

from __future__ import annotations

import numpy as np

from tasks.modelling.intervals.patient_pairs import PatientPairs


def fixed_variance(pairs: PatientPairs) -> float:
    """Variance of a share of concordant pairs over other patients, the models as they are.

    Of an AUC with one case a patient it is DeLong's (Biometrics 1988;44:837), with several cases a patient that of
    Obuchowski (Biometrics 1997;53:567); of C-indices the same with the pairs of each patient (a U-statistic's projection on its
    members). Needs two patients on each side of the pairs.
    """
    there = pairs.comparable > 0
    first, second = there.sum(axis=1)
    together = there.any(axis=0).sum()
    row, column = pairs.influence
    own = first / (first - 1) * (row**2).sum() + second / (second - 1) * (column**2).sum()
    return float(own + 2 * together / (together - 1) * (row * column).sum())


def disjoint_pairs(pairs: PatientPairs) -> int:
    """How many pairs there are at least that share no patient, in folds one after the other: chosen without looking at scores."""
    count, used = 0, np.zeros(pairs.patients, dtype=bool)
    for fold in pairs.folds:
        for i in np.argsort((fold.comparable > 0).sum(axis=1), kind="stable"):  # the hardest to pair come first
            if used[fold.rows[i]]:
                continue
            free = np.flatnonzero((fold.comparable[i] > 0) & ~used[fold.rows])
            free = free[fold.rows[free] != fold.rows[i]]
            if len(free):
                used[fold.rows[[i, free[0]]]] = True
                count += 1
    return count


def least_of_perfect(pairs: int) -> float:
    """Lower end of a 95 % interval where all pairs are concordant: 0.025 to the power of 1/pairs.

    pairs: how many of them share no patient. They are independent, so with a true share A all of them are concordant with a
    chance of A to their number (at most, where they differ); this is the two-sided Clopper–Pearson limit of them.
    """
    return float(0.025 ** (1 / pairs))
