"""The permutation test of two candidates: patients exchange what the two predict of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from scipy.stats import rankdata

from tasks.modelling.comparisons.difference import Difference
from tasks.modelling.intervals.estimate import NORMAL
from tasks.modelling.intervals.patient_pairs import patients_of
from tasks.modelling.intervals.row_interval import influence_of
from tasks.modelling.metrics.metric import Metric, PairMetric, RowMetric
from tasks.modelling.prediction import Prediction
from tasks.modelling.scored import Scored

_SAME = 1e-12


def swapped_p(
    metric: Metric,
    first: Sequence[Scored],
    second: Sequence[Scored],
    groups: NDArray[np.str_],
    *,
    draws: int,
    rng: np.random.Generator,
    within: bool = False,
) -> float | None:
    """Two-sided p of the difference of a metric if it did not matter which candidate predicts a patient; None if undefined.

    first, second: the same folds. All rows of a patient (or copy), and all predictions of them, are exchanged together; orders of
    cases are made ranks of their fold first, so that scales do not matter (Venkatraman & Begg, Biometrika 1996;83:835). Where
    there are no more than `draws` ways to exchange, all of them are taken and p is exact; else p counts the observed one too
    (Phipson & Smyth, Stat Appl Genet Mol Biol 2010;9:39). Models are taken as they are fitted.
    """
    sides = [[_on_one_scale(metric, fold) for fold in folds] for folds in (first, second)]
    seen = _difference(metric, sides, within)
    if seen is None:
        return None
    position, patients = patients_of([fold.rows for fold in first], groups)
    is_exact = patients < 31 and 2**patients <= draws
    every = np.arange(2**patients if is_exact else 0)[:, None] >> np.arange(patients)
    ways = every % 2 == 1 if is_exact else rng.random((draws, patients)) < 0.5
    extreme = known = 0
    for swap in ways:
        exchanged = [
            [_mixed(one, two, swap[position[one.rows]] != second_side) for one, two in zip(*sides, strict=True)]
            for second_side in (False, True)
        ]
        found = _difference(metric, exchanged, within)
        if found is not None:
            known += 1
            extreme += abs(found) >= abs(seen) - _SAME
    return extreme / known if is_exact else (1 + extreme) / (1 + known)


def moved_difference(
    metric: RowMetric,
    first: Sequence[Scored],
    second: Sequence[Scored],
    groups: NDArray[np.str_],
    *,
    p: float,
    within: bool = False,
) -> Difference:
    """The difference with a p that is given, and the 95 % interval of how much each patient moves it, models as they are.

    It is the infinitesimal jackknife, as of the intervals of one score. Raises ValueError where a score is undefined.
    """
    values, moved = [], []
    for folds in (first, second):
        value = metric.value(folds, within=within)
        if value is None:
            raise ValueError(metric.undefined(folds, within=within))
        values.append(value)
        moved.append(influence_of(value, metric.parts_of(folds, within), metric.of_sums, groups).sum(axis=0))
    by_patient = moved[0] - moved[1]
    half = NORMAL * float(np.sqrt((by_patient**2).sum() * len(by_patient) / max(1, len(by_patient) - 1)))
    value = values[0] - values[1]
    return Difference(value, value - half, value + half, p)


def _difference(metric: Metric, sides: Sequence[Sequence[Scored]], within: bool) -> float | None:
    one, two = (metric.value(folds, within=within) for folds in sides)
    return None if one is None or two is None else one - two


def _on_one_scale(metric: Metric, fold: Scored) -> Scored:
    """A fold whose risks and probabilities are ranks, for metrics of orders of cases; others judge them as they are."""
    if not isinstance(metric, PairMetric):
        return fold
    told = fold.prediction
    risk, probability = (
        None if part is None else np.asarray(rankdata(part, axis=0), np.float64)
        for part in (told.risk, told.probability)
    )
    return replace(fold, prediction=Prediction(risk=risk, probability=probability))


def _mixed(one: Scored, two: Scored, swap: NDArray[np.bool_]) -> Scored:
    """The fold as the first candidate predicts it, but for the rows that are swapped, (m,)."""
    parts = {}
    for name in ("risk", "probability", "value"):
        own, other = getattr(one.prediction, name), getattr(two.prediction, name)
        if own is not None and other is not None:
            parts[name] = np.where(swap.reshape(-1, *[1] * (own.ndim - 1)), other, own)
    return replace(one, prediction=Prediction(**parts))
