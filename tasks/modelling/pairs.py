"""Shares of concordant pairs.

Only cases predicted by the same fitted model are compared: scores of different folds have different scales. The estimate
is the sum of concordant pairs over all folds and repeats, divided by the sum of comparable pairs.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from features.core.outcome import Outcome
from tasks.modelling.censoring import Censoring

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
Codes = NDArray[np.intp]
Sums = tuple[float, float]  # concordant, comparable
_TIE = 1e-8  # risks closer than this tie, as in scikit-survival


@dataclass(frozen=True, eq=False)
class Pairs:
    """Pairs of one fold. rows: (m,) positions in the design; comparable, concordant: (m, m) weights, row before column."""

    rows: NDArray[np.intp]
    comparable: Floats
    concordant: Floats


def auc_pairs(rows: NDArray[np.intp], label: Bools, score: Floats) -> Pairs:
    """Pairs of a positive and a negative case; equal scores count one half. Their share is the area under the ROC curve."""
    comparable = (label[:, None] & ~label[None, :]).astype(np.float64)
    return Pairs(rows, comparable, comparable * agreement(score, 0.0))


def harrell_pairs(rows: NDArray[np.intp], event: Bools, time: Floats, score: Floats) -> Pairs:
    """Pairs whose earlier time is an event; at equal times an event stands before a censored case.

    Two events at one time are not comparable. Harrell et al., Stat Med 1996;15:361.
    """
    comparable = _ordered(event, time).astype(np.float64)
    return Pairs(rows, comparable, comparable * agreement(score, _TIE))


def uno_pairs(rows: NDArray[np.intp], event: Bools, time: Floats, score: Floats, censoring: Censoring) -> Pairs:
    """Harrell's pairs, weighted by 1/G(t−)² at the earlier time t, with the censoring distribution G of the training cases.

    Events count before the limit of the censoring. G(t−) is the share that is not censored before day t: whoever is censored
    on day t stands after an event of that day, in the pairs and so in the weights. scikit-survival's concordance_index_ipcw
    has the same pairs and G(t), after the day: equal unless an event and a censoring share a day, as times in months do.
    Uno et al., Stat Med 2011;30:1105.
    """
    comparable = _ordered(event, time) * _uno_weight(event, time, censoring)[:, None]
    return Pairs(rows, comparable, comparable * agreement(score, _TIE))


def cause_pairs(
    rows: NDArray[np.intp], code: NDArray[np.intp], time: Floats, score: Floats, censoring: Censoring
) -> Pairs:
    """Pairs of a case with the event of interest (code 1) and one who was free of any event then, or had another event.

    Whoever had a competing event never has that of interest and stays at risk. The first kind of pair is weighted by
    1/(G(t−)·G(t)), the second by 1/(G(t−)·G(s−)) with the competing event at s ≤ t, G the distribution of censoring in the
    training cases; events count before its limit. Wolbers et al., Biostatistics 2014;15:526.
    """
    first = (code == 1) & (time < censoring.limit)
    other = (code > 1) & (time < censoring.limit)
    early, late = np.zeros(len(time)), np.zeros(len(time))  # 1/G(t−) and 1/G(t), 0 where they are not asked for
    if first.any():
        known = first | other
        early[known], late[first] = 1 / censoring.free_before(time[known]), 1 / censoring.free(time[first])
    later = first[:, None] & (time[:, None] < time[None, :])
    never = first[:, None] & other[None, :] & (time[None, :] <= time[:, None])
    weight = early[:, None] * (later * late[:, None] + never * early[None, :])
    return Pairs(rows, weight, weight * agreement(score, _TIE))


def order_pairs(rows: NDArray[np.intp], value: Floats, score: Floats) -> Pairs:
    """Pairs of two cases of different value, the higher one first; equal scores count one half (Somers' D from 0 to 1)."""
    comparable = (value[:, None] > value[None, :]).astype(np.float64)
    return Pairs(rows, comparable, comparable * agreement(score, 0.0))


def outcome_pairs(rows: NDArray[np.intp], outcome: Outcome, score: Floats) -> Pairs:
    """Pairs of a contrast: a flag's, those of a time to an event, or those of a number."""
    if outcome.value is not None:
        return order_pairs(rows, outcome.value, score)
    if outcome.days is not None:
        return harrell_pairs(rows, outcome.flag, outcome.days, score)
    return auc_pairs(rows, outcome.flag, score)


def auc_sums(label: Bools, score: Floats, centre: Codes | None = None) -> Sums:
    """Sums of auc_pairs without a table of all pairs; centre: (m,) codes, if only cases of one centre are compared."""
    positive, negative = score[label], score[~label]
    if centre is None:
        negative = np.sort(negative)
        below = np.searchsorted(negative, positive, side="left").sum()
        not_above = np.searchsorted(negative, positive, side="right").sum()
        return float(below + not_above) / 2, float(len(positive) * len(negative))
    same = centre[label][:, None] == centre[~label]
    higher, lower = positive[:, None] > negative, positive[:, None] < negative
    comparable = np.count_nonzero(same)
    twice = comparable + np.count_nonzero(same & higher) - np.count_nonzero(same & lower)
    return twice / 2, float(comparable)


def harrell_sums(event: Bools, time: Floats, score: Floats, centre: Codes | None = None) -> Sums:
    """Sums of harrell_pairs, of which only rows of events are looked at. centre: as in auc_sums."""
    concordant, comparable = _of_first(np.flatnonzero(event), event, time, score, centre)
    return float(concordant.sum()), float(comparable.sum())


def uno_sums(event: Bools, time: Floats, score: Floats, censoring: Censoring, centre: Codes | None = None) -> Sums:
    """Sums of uno_pairs, of which only rows of events before the limit are looked at. centre: as in auc_sums."""
    weight = _uno_weight(event, time, censoring)
    first = np.flatnonzero(weight)
    concordant, comparable = _of_first(first, event, time, score, centre)
    return float((weight[first] * concordant).sum()), float((weight[first] * comparable).sum())


def sums(pairs: Pairs) -> Sums:
    """Concordant and comparable weight of all pairs of a fold."""
    return float(pairs.concordant.sum()), float(pairs.comparable.sum())


def within_centres(pairs: Pairs, centre: Codes) -> Pairs:
    """The pairs of two cases of one centre; all others weigh nothing. centre: (m,) codes."""
    same = centre[:, None] == centre
    return Pairs(pairs.rows, pairs.comparable * same, pairs.concordant * same)


def share(pairs: Iterable[Pairs]) -> float | None:
    """Concordant / comparable over all folds; None if nothing is comparable."""
    return share_of_sums(sums(one) for one in pairs)


def share_of_sums(folds: Iterable[Sums]) -> float | None:
    """Concordant / comparable of the sums of all folds; None if nothing is comparable."""
    concordant = comparable = 0.0
    for one in folds:
        concordant, comparable = concordant + one[0], comparable + one[1]
    return concordant / comparable if comparable > 0 else None


def _ordered(event: Bools, time: Floats) -> Bools:
    before = time[:, None] < time[None, :]
    tied = (time[:, None] == time[None, :]) & ~event[None, :]
    ordered: Bools = event[:, None] & (before | tied)
    return ordered


def _uno_weight(event: Bools, time: Floats, censoring: Censoring) -> Floats:
    weight = np.zeros(len(time))
    counted = event & (time < censoring.limit)
    if counted.any():
        weight[counted] = 1.0 / censoring.free_before(time[counted]) ** 2
    return weight


def _of_first(first: Codes, event: Bools, time: Floats, score: Floats, centre: Codes | None) -> tuple[Floats, Floats]:
    """Concordant and comparable pairs of which these events are the earlier case, (first,) each."""
    own = time[first, None]
    later = (time > own) | ((time == own) & ~event)
    if centre is not None:
        later &= centre == centre[first, None]
    difference = score[first, None] - score
    twice = (later & (difference > _TIE)).sum(axis=1) + (later & (difference >= -_TIE)).sum(axis=1)
    return twice / 2, later.sum(axis=1).astype(np.float64)


def agreement(score: Floats, tie: float) -> Floats:
    difference = score[:, None] - score[None, :]
    return np.where(np.abs(difference) <= tie, 0.5, (difference > 0).astype(np.float64))
