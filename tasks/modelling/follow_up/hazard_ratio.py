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
    """log: of the hazard of the group over that of the rest. moved: (n,) how much each case moves it. reason: why there is none."""

    log: float = np.nan
    moved: Floats | None = None
    reason: str = ""


def log_hazard_ratio(time: Floats, event: Bools, group: Bools, stratum: NDArray[np.intp]) -> LogHazard:
    """By Cox's partial likelihood, ties after Breslow; cases of different strata are not compared.

    (n,) each; what moves it are the residuals of Lin & Wei, J Am Stat Assoc 1989;84:1074. Cox, J R Stat Soc B 1972;34:187.
    """
    parts = [np.flatnonzero(stratum == one) for one in np.unique(stratum)]
    sides = [int((event & group).sum()), int((event & ~group).sum())]
    if not sum(sides):
        return LogHazard(reason="no event was seen")
    if not group.any() or group.all():
        return LogHazard(
            reason=f"one risk group is empty: {int(group.sum())} cases of high and {int((~group).sum())} of low risk"
        )
    beta = 0.0
    for _ in range(_STEPS):
        score, information = 0.0, 0.0
        for own in parts:
            share, _, deaths, hits = _at_risk(time[own], event[own], group[own], beta)
            score += float((hits - deaths * share).sum())
            information += float((deaths * share * (1 - share)).sum())
        if not information > 0:
            return LogHazard(reason="nobody is at risk in both groups at any event")
        step = score / information
        beta += float(np.clip(step, -2.0, 2.0))
        if abs(beta) > _MOST:
            low = "low" if beta > 0 else "high"
            return LogHazard(
                reason=f"no event of the {low}-risk group was seen while both were at risk, so that there is no ratio"
            )
        if abs(step) < _ENOUGH:
            return LogHazard(beta, _residuals(time, event, group, parts, beta) / information)
    return LogHazard(reason="the hazard ratio did not converge")


def _at_risk(time: Floats, event: Bools, group: Bools, beta: float) -> tuple[Floats, Floats, Floats, Floats]:
    """At each day with an event: weighted share of the group among those at risk, their weight, events, and those of the group."""
    days = np.unique(time[event])
    there = time[:, None] >= days
    weight = np.where(group, np.exp(beta), 1.0)[:, None] * there
    whole = weight.sum(axis=0)
    at_day = (time[:, None] == days) & event[:, None]
    share = weight[group].sum(axis=0) / np.where(whole > 0, whole, 1.0)
    return share, whole, at_day.sum(axis=0).astype(np.float64), at_day[group].sum(axis=0).astype(np.float64)


def _residuals(time: Floats, event: Bools, group: Bools, parts: list[NDArray[np.intp]], beta: float) -> Floats:
    found = np.zeros(len(time))
    for own in parts:
        days = np.unique(time[own][event[own]])
        share, whole, deaths, _ = _at_risk(time[own], event[own], group[own], beta)
        z = group[own].astype(np.float64)[:, None]
        there, at_day = time[own][:, None] >= days, (time[own][:, None] == days) & event[own][:, None]
        hazard = np.exp(beta * z) * there * (deaths / np.where(whole > 0, whole, 1.0))
        found[own] = ((at_day - hazard) * (z - share)).sum(axis=1)
    return found
