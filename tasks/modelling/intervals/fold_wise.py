"""Variance of a score of cross-validation whose folds learn a threshold, or a cut, that moves all their cases alike.

The variance of patients takes what they add for independent. Cases of a fold are not: the threshold that the fold learned is too
high, or too low, for all of them, and that is new in each fold. So to the variance P of patients comes that of the mean over
folds, each of which counts once however often the folds are dealt again: repeats learn of the same cases.

    variance = P + S² / folds,    S² = variance between folds of what the score would be if all were like them.

S² also holds the chance of the cases of a fold, which P has already: it is careful. benchmarks/coverage.py measures how much.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from tasks.modelling.intervals.patient_pairs import patients_of

Floats = NDArray[np.float64]


def fold_wise_variance(settled: float, by_fold: Floats, ratio: float) -> float:
    """P + S² / folds. settled: P; by_fold: (all folds of all repeats,) how much each moves the score; ratio: training cases to test
    cases of a fold (folds − 1).

    Raises ValueError for fewer than two folds.
    """
    if len(by_fold) < 2:
        raise ValueError("a single fold")
    return settled + float((len(by_fold) * by_fold).var(ddof=1)) / (1 + ratio)


def moved_by_fold(
    moved: Floats, rows: Sequence[NDArray[np.intp]], repeats: Sequence[int], groups: NDArray[np.str_]
) -> Floats:
    """(folds,): how much each fold moves the score.

    moved: (repeats, patients), of each patient in a repeat, in which it is in one fold. rows: of each fold; repeats: of each;
    groups: (n,) what stays together.
    """
    position, _ = patients_of(rows, groups)
    number = {repeat: i for i, repeat in enumerate(dict.fromkeys(repeats))}
    return np.array(
        [moved[number[repeat], np.unique(position[own])].sum() for own, repeat in zip(rows, repeats, strict=True)]
    )
