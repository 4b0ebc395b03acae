"""The paired test of two shares of concordant pairs of the same cases."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr
from scipy.stats import t as student

from tasks.modelling.comparisons.difference import Difference
from tasks.modelling.intervals.estimate import NORMAL, Models
from tasks.modelling.intervals.pair_interval import variance_of
from tasks.modelling.intervals.patient_pairs import PatientPairs
from tasks.modelling.pairs import Pairs

Sets = Sequence[Sequence[Pairs]]


def paired_test(
    value: float,
    first: Sets,
    second: Sets,
    groups: NDArray[np.str_],
    models: Models,
    *,
    repeats: Sequence[int],
    ratio: float,
) -> Difference:
    """Of the difference of two scores (or of two means over sets), first less second, by how much each patient moves it.

    The variance is that of the intervals of one score: of one fitted model DeLong's, with rows of a patient as one; of
    cross-validation with the training cases allowed for (intervals/retrained.py), for which it takes two repeats. first, second, as
    `sets` of pair_estimate: their comparable pairs are the same. DeLong et al., Biometrics 1988;44:837. Of one fitted model it
    has the normal distribution, as DeLong's; of cross-validation Student's t, with a degree of freedom for each patient but one
    of the scarcer side of the pairs, whose placements the variance is estimated of (benchmarks/comparisons.py).
    """
    halves = [[_halved(a, b) for a, b in zip(one, two, strict=True)] for one, two in zip(first, second, strict=True)]
    found = [one for one in (PatientPairs.of(pairs, repeats, groups) for pairs in halves) if one.total > 0]
    if all(one.tied for one in found):
        return Difference(value, 0.0, 0.0, 1.0)
    if any(one.one_patient for one in found):
        return Difference(value, reason="all comparable pairs hold one and the same patient")
    try:
        variance = 4 * variance_of(found, models, ratio)
    except ValueError as error:
        return Difference(value, reason=str(error))
    if not variance > 0:
        return Difference(value, reason="all patients add the same")
    spread = math.sqrt(variance)
    if models == "fixed":
        half, p = NORMAL * spread, float(2 * ndtr(-abs(value) / spread))
    else:
        free = min(int((one.comparable > 0).sum(axis=1).min()) for one in found) - 1
        half, p = float(student.ppf(0.975, free)) * spread, float(2 * student.sf(abs(value) / spread, free))
    return Difference(value, max(-1.0, value - half), min(1.0, value + half), p)


def _halved(first: Pairs, second: Pairs) -> Pairs:
    """Pairs whose share is (first − second + 1) / 2, which lies between 0 and 1 as shares do."""
    return Pairs(first.rows, first.comparable, (first.concordant - second.concordant + first.comparable) / 2)
