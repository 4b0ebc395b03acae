"""AUC, Harrell's C and Uno's C as shares of concordant pairs, with bootstrap intervals.

Only cases predicted by the same fitted model are compared: scores of different folds have different scales. The estimate
is the sum of concordant pairs over all folds and repeats, divided by the sum of comparable pairs.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sksurv.nonparametric import CensoringDistributionEstimator

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
_TIE = 1e-8  # risks closer than this tie, as in scikit-survival


@dataclass(frozen=True, eq=False)
class Pairs:
    """Pairs of one fold. rows: (m,) positions in the design; comparable, concordant: (m, m) weights, row before column."""

    rows: NDArray[np.intp]
    comparable: Floats
    concordant: Floats


@dataclass(frozen=True, slots=True)
class Estimate:
    """A metric with its percentile interval. reason: why there is no value, or no interval of it."""

    value: float | None
    low: float | None = None
    high: float | None = None
    reason: str = ""


def auc_pairs(rows: NDArray[np.intp], label: Bools, score: Floats) -> Pairs:
    """Pairs of a positive and a negative case; equal scores count one half. Their share is the area under the ROC curve."""
    comparable = (label[:, None] & ~label[None, :]).astype(np.float64)
    return Pairs(rows, comparable, comparable * _agreement(score, 0.0))


def harrell_pairs(rows: NDArray[np.intp], event: Bools, time: Floats, score: Floats) -> Pairs:
    """Pairs whose earlier time is an event; at equal times an event stands before a censored case.

    Two events at one time are not comparable. Harrell et al., Stat Med 1996;15:361.
    """
    comparable = _ordered(event, time).astype(np.float64)
    return Pairs(rows, comparable, comparable * _agreement(score, _TIE))


def uno_pairs(
    rows: NDArray[np.intp],
    event: Bools,
    time: Floats,
    score: Floats,
    *,
    train_event: Bools,
    train_time: Floats,
    horizon: float | None = None,
) -> Pairs:
    """Harrell's pairs, weighted by 1/G(time)² with the censoring distribution G of the fold's training cases.

    Events count before tau: the horizon, or the last training event where that is earlier or no horizon is given.
    Uno et al., Stat Med 2011;30:1105; scikit-survival's concordance_index_ipcw.
    """
    weight = np.zeros(len(time))
    counted = event & (time < uno_limit(train_event, train_time, horizon))
    if counted.any():
        censoring = CensoringDistributionEstimator().fit(_surv(train_event, train_time))
        weight[counted] = 1.0 / censoring.predict_proba(time[counted]) ** 2
    comparable = _ordered(event, time) * weight[:, None]
    return Pairs(rows, comparable, comparable * _agreement(score, _TIE))


def uno_limit(train_event: Bools, train_time: Floats, horizon: float | None) -> float:
    """Days before which an event counts for Uno's C: the horizon, or the last training event; 0 if there is none."""
    last = float(train_time[train_event].max(initial=0.0))
    return last if horizon is None else min(last, horizon)


def share(pairs: Iterable[Pairs]) -> float | None:
    """Concordant / comparable over all folds; None if nothing is comparable."""
    concordant = comparable = 0.0
    for one in pairs:
        concordant, comparable = concordant + float(one.concordant.sum()), comparable + float(one.comparable.sum())
    return concordant / comparable if comparable > 0 else None


def bootstrap_weights(patients: NDArray[np.str_], replicates: int, rng: np.random.Generator) -> NDArray[np.int16]:
    """How often each row's patient is drawn in each replicate, (replicates, n): multinomial over patients."""
    position, _ = pd.factorize(patients)  # by first appearance: names must not decide the draws
    count = int(position.max()) + 1
    draws = rng.multinomial(count, np.full(count, 1.0 / count), size=replicates).astype(np.int16)
    return draws[:, position]


def estimate(pairs: Iterable[Pairs], weights: NDArray[np.int16], *, reason: str) -> Estimate:
    """The share of concordant pairs with a 95 % percentile interval over the replicates in `weights`, (replicates, n).

    A replicate counts a pair as often as both patients were drawn; replicates without any comparable pair are left out.
    Models are not fitted again: the interval is that of the test cases. `reason` is given where nothing is comparable.
    Where drawing patients cannot change the value, there is no interval: all comparable pairs hold one patient, their
    scores are all equal, or all replicates agree.
    """
    concordant, comparable = np.zeros(len(weights)), np.zeros(len(weights))
    total_concordant = total_comparable = 0.0
    sides: tuple[list[NDArray[np.intp]], list[NDArray[np.intp]]] = [], []
    tied = True
    for one in pairs:
        total_concordant += float(one.concordant.sum())
        total_comparable += float(one.comparable.sum())
        there = one.comparable > 0
        for side, axis in zip(sides, (1, 0), strict=True):
            side.append(one.rows[there.any(axis=axis)])
        tied = tied and bool((one.concordant[there] == one.comparable[there] / 2).all())
        for start in range(0, len(weights), 512):
            part = slice(start, start + 512)
            drawn = weights[part][:, one.rows].astype(np.float64)
            concordant[part] += np.einsum("ij,ij->i", drawn @ one.concordant, drawn)
            comparable[part] += np.einsum("ij,ij->i", drawn @ one.comparable, drawn)
    if total_comparable <= 0:
        return Estimate(None, reason=reason)
    value = total_concordant / total_comparable
    if tied:
        return Estimate(value, reason="all scores that are compared are equal, so that nothing is ordered")
    if any(_one_patient(weights[:, np.concatenate(side)]) for side in sides):
        return Estimate(value, reason="all comparable pairs hold one and the same patient")
    defined = comparable > 0
    replicates = concordant[defined] / comparable[defined]
    if not len(replicates) or np.ptp(replicates) < _TIE:
        return Estimate(value, reason="all bootstrap replicates give this same value")
    low, high = np.quantile(replicates, [0.025, 0.975])
    return Estimate(value, float(low), float(high))


def _one_patient(draws: NDArray[np.int16]) -> bool:
    """Whether columns of bootstrap weights are those of one patient: rows of a patient are always drawn together."""
    return bool((draws == draws[:, :1]).all())


def _ordered(event: Bools, time: Floats) -> Bools:
    before = time[:, None] < time[None, :]
    tied = (time[:, None] == time[None, :]) & ~event[None, :]
    ordered: Bools = event[:, None] & (before | tied)
    return ordered


def _agreement(score: Floats, tie: float) -> Floats:
    difference = score[:, None] - score[None, :]
    return np.where(np.abs(difference) <= tie, 0.5, (difference > 0).astype(np.float64))


def _surv(event: Bools, time: Floats) -> NDArray[Any]:
    y = np.empty(len(event), dtype=[("event", bool), ("time", np.float64)])
    y["event"], y["time"] = event, time
    return y
