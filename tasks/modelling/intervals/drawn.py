"""Variance of a score of draws with replacement over other data sets: other cases to predict and to train on.

Each case is predicted by the draws that left it out, and trains the models of the others as often as it was drawn. The
infinitesimal jackknife after the bootstrap adds up what more weight of a case would do to the score in both ways; draws tell the
second, by how the score of what a draw left out moves with how often the case is in it. Efron & Tibshirani, J Am Stat Assoc
1997;92:548, section 5, whose formula is that of a mean over cases; here also of pairs, and of numbers that are computed from sums.
A finite number of draws adds noise to the second way, which is taken off: Wager et al., J Mach Learn Res 2014;15:1625.

On pure noise it is twice what it should be: there a case matters only together with another one, which a derivative does not see.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from tasks.modelling.intervals.patient_pairs import PatientPairs

Floats = NDArray[np.float64]
LEAST_DRAWS = 20


def drawn_variance(tested: Floats, residual: Floats, times: Floats) -> float:
    """tested: (patients,) how much each moves the score where it is predicted. residual: (draws,) how much the score of what a draw
    left out is above what these patients have in all draws. times: (draws, patients) how often each was drawn.

    Raises ValueError where there are too few draws to tell.
    """
    draws, patients = times.shape
    if draws < LEAST_DRAWS:
        raise ValueError(f"{draws} draws do not tell how much models depend on their cases, it takes {LEAST_DRAWS}")
    trained = (times * residual[:, None]).sum(axis=0)
    noise = (patients - 1) * float((residual**2).sum())
    found: float = float(((tested + trained) ** 2).sum()) - noise
    if not found > 0:
        raise ValueError(f"{draws} draws do not tell how much models depend on their cases")
    return found


def moved_by_pairs(pairs: PatientPairs) -> tuple[Floats, Floats]:
    """tested and residual of a share of concordant pairs. Each fold of `pairs` is a draw."""
    concordant = np.zeros((pairs.patients, pairs.patients))
    comparable = np.zeros_like(concordant)
    for fold in pairs.folds:
        cells = np.ix_(fold.rows, fold.rows)
        concordant[cells] += fold.concordant
        comparable[cells] += fold.comparable
    usual = np.divide(concordant, comparable, out=np.zeros_like(concordant), where=comparable > 0)
    beside = [
        float((fold.concordant - usual[np.ix_(fold.rows, fold.rows)] * fold.comparable).sum()) for fold in pairs.folds
    ]
    return pairs.influence.sum(axis=0), np.array(beside) / pairs.total


def moved_by_rows(moved: Floats) -> tuple[Floats, Floats]:
    """The same of a number that is computed from sums. moved: (draws, patients), 0 where a draw does not predict one."""
    there = moved != 0
    times = there.sum(axis=0)
    usual = moved.sum(axis=0) / np.maximum(times, 1)
    return moved.sum(axis=0), np.where(there, moved - usual, 0.0).sum(axis=1)


def times_drawn(trained: Sequence[NDArray[np.intp]], position: NDArray[np.intp], patients: int, rows: int) -> Floats:
    """(draws, patients). trained: positions of the rows of each draw, each as often as it was drawn; position: (n,) the patient of
    each row, -1 of those that are never predicted. A patient is drawn with all rows."""
    own = np.flatnonzero(position >= 0)
    size = np.bincount(position[own], minlength=patients)
    found = np.zeros((len(trained), patients))
    for draw, drawn in enumerate(trained):
        counts = np.bincount(drawn, minlength=rows)
        np.add.at(found[draw], position[own], counts[own].astype(np.float64))
    return np.asarray(found / size)
