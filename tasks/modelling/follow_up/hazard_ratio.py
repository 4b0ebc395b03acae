"""Hazard ratio of two groups, strata apart."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
_STEPS, _ENOUGH, _MOST = 50, 1e-10, 20.0


@dataclass(frozen=True, eq=False)
class LogHazard:
    """log: of the hazard of the group over that of the rest. information: of the likelihood. reason: why there is none."""

    log: float = np.nan
    information: float = np.nan
    reason: str = ""


def log_hazard_ratio(time: Floats, event: Bools, group: Bools, stratum: NDArray[np.intp]) -> LogHazard:
    """By Cox's partial likelihood, ties after Breslow; cases of different strata are not compared.

    (n,) each. Cox, J R Stat Soc B 1972;34:187.
    """
    if not event.any():
        return LogHazard(reason="no event was seen")
    if not group.any() or group.all():
        return LogHazard(
            reason=f"one risk group is empty: {int(group.sum())} cases of high and {int((~group).sum())} of low risk"
        )
    parts = [np.flatnonzero(stratum == one) for one in np.unique(stratum)]
    at_risk = [_at_risk(time[own], event[own], group[own]) for own in parts]
    inside, outside, deaths, hits = (np.concatenate(part) for part in zip(*at_risk, strict=True))
    if not ((inside > 0) & (outside > 0)).any():
        return LogHazard(reason="nobody is at risk in both groups at any event")
    beta = 0.0
    for _ in range(_STEPS):
        weight = np.exp(beta) * inside
        share = weight / (weight + outside)
        information = float((deaths * share * (1 - share)).sum())
        step = float((hits - deaths * share).sum()) / information if information > 0 else np.inf
        beta += float(np.clip(step, -2.0, 2.0))
        if abs(beta) > _MOST:
            low = "low" if beta > 0 else "high"
            return LogHazard(
                reason=f"no event of the {low}-risk group was seen while both were at risk, so that there is no ratio"
            )
        if abs(step) < _ENOUGH:
            return LogHazard(beta, information)
    return LogHazard(reason="the hazard ratio did not converge")


def moved_by(time: Floats, event: Bools, group: Bools, stratum: NDArray[np.intp], found: LogHazard) -> Floats:
    """How much each case moves the logarithm, (n,): residuals of Lin & Wei, J Am Stat Assoc 1989;84:1074."""
    moved = np.zeros(len(time))
    for one in np.unique(stratum):
        own = np.flatnonzero(stratum == one)
        days = np.unique(time[own][event[own]])
        inside, outside, deaths, _ = _at_risk(time[own], event[own], group[own])
        whole = np.exp(found.log) * inside + outside
        z = group[own].astype(np.float64)[:, None]
        there, at_day = time[own][:, None] >= days, (time[own][:, None] == days) & event[own][:, None]
        hazard = np.exp(found.log * z) * there * (deaths / whole)
        moved[own] = ((at_day - hazard) * (z - np.exp(found.log) * inside / whole)).sum(axis=1)
    return moved / found.information


def _at_risk(time: Floats, event: Bools, group: Bools) -> tuple[Floats, Floats, Floats, Floats]:
    """At each day with an event: cases at risk of the group and of the rest, events, and those of the group."""
    days = np.unique(time[event])
    there = time[:, None] >= days
    at_day = (time[:, None] == days) & event[:, None]
    counts = there[group].sum(axis=0), there[~group].sum(axis=0), at_day.sum(axis=0), at_day[group].sum(axis=0)
    inside, outside, deaths, hits = (one.astype(np.float64) for one in counts)
    return inside, outside, deaths, hits
