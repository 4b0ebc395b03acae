"""The interval of a share of concordant pairs, or of the mean of several such shares."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from tasks.modelling.intervals.delong import disjoint_pairs, fixed_variance, least_of_perfect
from tasks.modelling.intervals.estimate import Estimate, Models
from tasks.modelling.intervals.new_centre import new_centre_interval
from tasks.modelling.intervals.patient_pairs import PatientPairs
from tasks.modelling.intervals.retrained import retrained_variance
from tasks.modelling.intervals.scale import logit_interval
from tasks.modelling.intervals.words import NEW_CENTRE, THIS_MODEL, no_interval, other_data
from tasks.modelling.pairs import Pairs


def pair_estimate(
    value: float,
    sets: Sequence[Sequence[Pairs]],
    groups: NDArray[np.str_],
    models: Models,
    *,
    repeats: Sequence[int],
    train: float,
    ratio: float,
) -> Estimate:
    """The value with its 95 % interval, or the reason why there is none.

    value: the mean over sets of the share of concordant pairs. sets: for each, its pairs of every fold; those without a
    comparable pair do not count. groups: (n,) what stays together. repeats: the repeat of each fold. train: cases that train a
    model on average. ratio: of training cases to test cases.
    """
    found = [one for one in (PatientPairs.of(pairs, repeats, groups) for pairs in sets) if one.total > 0]
    if all(one.tied for one in found):
        return Estimate(value, reason="all scores that are compared are equal, so that nothing is ordered")
    if models == "centres":
        return _of_new_centre(value, sets)
    if any(one.one_patient for one in found):
        return Estimate(value, reason="all comparable pairs hold one and the same patient")
    try:
        if value in (0.0, 1.0):
            return _of_perfect(value, found, models)
        low, high = logit_interval(value, variance_of(found, models, ratio))
    except ValueError as error:
        return Estimate(value, reason=no_interval(str(error)))
    return Estimate(value, low, high, interval_of=THIS_MODEL if models == "fixed" else other_data(train))


def variance_of(sets: Sequence[PatientPairs], models: Models, ratio: float) -> float:
    """Variance of the mean over sets: that of the patients' mean influence, times how much more the sets' own variances are."""
    plain = [float((one.influence.sum(axis=0) ** 2).sum()) for one in sets]
    whole = [fixed_variance(one) if models == "fixed" else retrained_variance(one, ratio) for one in sets]
    if not sum(plain) > 0:
        raise ValueError("all patients add the same")
    together = np.mean([one.influence.sum(axis=0) for one in sets], axis=0)
    return float((together**2).sum()) * sum(whole) / sum(plain)


def _of_perfect(value: float, sets: Sequence[PatientPairs], models: Models) -> Estimate:
    if models != "fixed":
        raise ValueError("all pairs are alike, which does not tell how others would differ")
    pairs = min(disjoint_pairs(one) for one in sets)
    if pairs < 2:
        raise ValueError("all pairs share a patient")
    least = least_of_perfect(pairs)
    low, high = (least, 1.0) if value == 1.0 else (0.0, 1.0 - least)
    return Estimate(value, low, high, interval_of=THIS_MODEL)


def _of_new_centre(value: float, sets: Sequence[Sequence[Pairs]]) -> Estimate:
    """Folds are centres. A centre without comparable pairs in any of the sets does not count."""
    comparable = np.array([[float(pairs.comparable.sum()) for pairs in one] for one in sets])
    concordant = np.array([[float(pairs.concordant.sum()) for pairs in one] for one in sets])
    counts = comparable.any(axis=0)
    known = comparable[:, counts] > 0
    shares = np.divide(concordant[:, counts], comparable[:, counts], out=np.zeros(known.shape), where=known)
    weights = comparable[:, counts].sum(axis=0) / comparable.sum()
    try:
        low, high = new_centre_interval(value, (shares.sum(axis=0) / known.sum(axis=0)).tolist(), weights.tolist())
    except ValueError as error:
        return Estimate(value, reason=no_interval(str(error)))
    return Estimate(value, max(0.0, low), min(1.0, high), interval_of=NEW_CENTRE)
