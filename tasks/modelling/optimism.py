"""Optimism: by how much a score of cases that a model was fitted to is too good, and the .632+ rule that allows for it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from tasks.modelling.intervals.drawn import drawn_variance, moved_by_pairs, moved_by_rows, times_drawn
from tasks.modelling.intervals.estimate import Estimate
from tasks.modelling.intervals.patient_pairs import PatientPairs, patients_of
from tasks.modelling.intervals.row_interval import influence_of
from tasks.modelling.intervals.scale import interval_on
from tasks.modelling.intervals.words import no_interval, other_data
from tasks.modelling.lacking import lacking
from tasks.modelling.metrics.metric import Metric, PairMetric, RowMetric
from tasks.modelling.scored import Scored

IN = 0.632  # the share of cases that a draw with replacement holds: 1 − 1/e
MOST_SHIFTS = 200  # pairings of predictions with outcomes of other cases


def plus_632(left_out: float, apparent: float, no_information: float, *, higher_is_better: bool) -> float:
    """The .632+ value of a score. left_out: of cases that draws left out; apparent: of a model of all cases on these same cases;
    no_information: of its predictions if they had nothing to do with what was seen.

    Where cases that were left out score as well as those that trained, it lies 0.632 of the way between the two; where they
    score by chance, at 0.632 of their score and the rest of chance. Efron & Tibshirani, J Am Stat Assoc 1997;92:548 (28 to 32).

    >>> round(plus_632(0.75, 0.75, 0.5, higher_is_better=True), 3), round(plus_632(0.5, 1.0, 0.5, higher_is_better=True), 3)
    (0.75, 0.5)
    """
    sign = -1.0 if higher_is_better else 1.0
    error, own, chance = sign * left_out, sign * apparent, sign * no_information
    bounded = min(error, chance)
    overfit = (bounded - own) / (chance - own) if bounded > own else 0.0
    value = (1 - IN) * own + IN * error + (bounded - own) * (1 - IN) * IN * overfit / (1 - (1 - IN) * overfit)
    return sign * value


def no_information(metric: Metric, apparent: Scored, *, within: bool = False) -> float | None:
    """The metric over pairings of each prediction with what was seen of other cases: all n, or 200 of them; None if undefined.

    Of shares of concordant pairs it is one half. within: outcomes of the same centre.
    """
    if isinstance(metric, PairMetric):
        return metric.chance
    rows, parts = np.arange(len(apparent.rows)), [np.arange(len(apparent.rows))]
    if within and apparent.centre is not None:
        parts = [np.flatnonzero(apparent.centre == centre) for centre in np.unique(apparent.centre)]
    most = max(len(part) for part in parts)
    shifts = np.unique(np.linspace(0, most, min(most, MOST_SHIFTS), endpoint=False).astype(np.intp))
    paired = []
    for shift in shifts.tolist():
        order = rows.copy()
        for part in parts:
            order[part] = np.roll(part, shift)
        paired.append(replace(apparent, prediction=apparent.prediction.take(order)))
    return metric.value(paired, within=within)


def corrected_estimate(
    metric: Metric, draws: Sequence[Scored], apparent: Scored, groups: NDArray[np.str_], *, within: bool = False
) -> Estimate:
    """The .632+ value with its 95 % interval, or the reason why there is none.

    draws: predictions of the cases that each draw left out. groups: (n,) what stays together. The interval takes the variance of
    the score of the cases that were left out (intervals/drawn.py).
    """
    if metric.uncorrected:
        return Estimate(None, reason=f"not under the bootstrap: {metric.uncorrected}")
    if reason := lacking(metric.needs, [*draws, apparent]):
        return Estimate(None, reason=reason)
    left_out = metric.value(draws, within=within)
    own, chance = metric.value([apparent], within=within), no_information(metric, apparent, within=within)
    if left_out is None:
        return Estimate(None, reason=metric.undefined(draws, within=within))
    if own is None or chance is None:
        return Estimate(None, reason=metric.undefined([apparent], within=within))
    value = plus_632(left_out, own, chance, higher_is_better=metric.higher_is_better)
    try:
        low, high = interval_on(metric.scale, value, _variance(metric, left_out, draws, groups, within))
    except ValueError as error:
        return Estimate(value, reason=no_interval(str(error)))
    return Estimate(value, low, high, interval_of=other_data(len(apparent.rows)))


def _variance(
    metric: Metric, left_out: float, draws: Sequence[Scored], groups: NDArray[np.str_], within: bool
) -> float:
    """Of the score of the cases that were left out, over other data sets. Raises ValueError where none is known."""
    position, patients = patients_of([draw.rows for draw in draws], groups)
    times = times_drawn([draw.trained for draw in draws], position, patients, len(groups))
    if isinstance(metric, RowMetric):
        if metric.undrawn:
            raise ValueError(metric.undrawn)
        if metric.drawn_above is not None and left_out <= metric.drawn_above:
            raise ValueError(f"the score is not above {metric.drawn_above:g}, where none was found that holds")
        moved = influence_of(left_out, metric.parts_of(draws, within), metric.of_sums, groups)
        return drawn_variance(*moved_by_rows(moved), times)
    if not isinstance(metric, PairMetric):
        raise ValueError("of this score none was found that holds for draws with replacement")
    repeats = [draw.repeat for draw in draws]
    sets = zip(*(metric.pairs_of(draw, within=within) for draw in draws), strict=True)
    found = [one for one in (PatientPairs.of(pairs, repeats, groups) for pairs in sets) if one.total > 0]
    if all(one.tied for one in found):
        raise ValueError("all scores that are compared are equal, so that nothing is ordered")
    tested, residual = zip(*(moved_by_pairs(one) for one in found), strict=True)
    return drawn_variance(np.mean(tested, axis=0), np.mean(residual, axis=0), times)
