"""How many had the event of interest by a day, where some are censored before it; and what each case adds to that."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from features.core.outcome import Outcome

Floats = NDArray[np.float64]
_MOST = 2_000_000  # numbers of a table that are held at once


def observed_by(outcome: Outcome, day: float) -> float:
    """The share with the event of interest (code 1) by a day, among competing ones; without these 1 − Kaplan and Meier's estimate.

    NaN where it is unknown: without a case, and after the last follow-up where that is a censoring before the day. On one day
    events come before censorings. Aalen & Johansen, Scand J Stat 1978;5:141.
    """
    if not len(outcome) or not _is_known(outcome, day):
        return float("nan")
    at_risk, ended, hit = _counts(outcome, day)
    return float(_incidence(at_risk, ended, hit))


def pseudo_values(outcome: Outcome, day: float) -> Floats:
    """What each of n > 1 cases adds to the share with the event by a day, (n,): n × that of all − (n − 1) × that without it.

    Their mean is near the share, and equal to it without censoring, where they are 1 and 0; with it single ones lie
    outside [0, 1]. NaN as observed_by. Andersen, Klein & Rosthøj, Biometrika 2003;90:15.
    """
    n, days = len(outcome), outcome.days
    assert days is not None
    whole = observed_by(outcome, day)
    if np.isnan(whole):
        return np.full(n, np.nan)
    at_risk, ended, hit = _counts(outcome, day)
    steps = _steps(outcome, day)
    found = np.empty(n)
    for start in range(0, n, size := max(1, _MOST // max(1, len(steps)))):
        own = slice(start, start + size)
        time, code = days[own, None], outcome.code[own, None]
        less_risk, here = (time >= steps).astype(float), time == steps
        found[own] = _incidence(at_risk - less_risk, ended - (here & (code > 0)), hit - (here & (code == 1)))
    return n * whole - (n - 1) * found


def _is_known(outcome: Outcome, day: float) -> bool:
    """Somebody is followed until the day, or everybody had an event before."""
    assert outcome.days is not None
    last = outcome.days.max()
    return bool(last >= day or (outcome.flag & (outcome.days == last)).sum() == (outcome.days == last).sum())


def _steps(outcome: Outcome, day: float) -> Floats:
    assert outcome.days is not None
    return np.unique(outcome.days[outcome.flag & (outcome.days <= day)])


def _counts(outcome: Outcome, day: float) -> tuple[Floats, Floats, Floats]:
    """At each day with an event: cases at risk, events of any cause, those of interest, (k,) each."""
    assert outcome.days is not None
    steps = _steps(outcome, day)
    days = np.sort(outcome.days)
    at_risk = len(days) - np.searchsorted(days, steps, side="left")
    place, hit_place = (np.searchsorted(steps, outcome.days[own]) for own in _events(outcome, day))
    ended, hit = np.bincount(place, minlength=len(steps)), np.bincount(hit_place, minlength=len(steps))
    return at_risk.astype(float), ended.astype(float), hit.astype(float)


def _events(outcome: Outcome, day: float) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    assert outcome.days is not None
    by_then = outcome.days <= day
    return by_then & outcome.flag, by_then & (outcome.code == 1)


def _incidence(at_risk: Floats, ended: Floats, hit: Floats) -> Floats:
    """The share by the last step, of counts (…, k)."""
    alive = at_risk > 0
    left = np.cumprod(1 - np.divide(ended, at_risk, out=np.zeros_like(at_risk), where=alive), axis=-1)
    before = np.concatenate([np.ones((*left.shape[:-1], 1)), left[..., :-1]], axis=-1) if left.shape[-1] else left
    rate = np.divide(hit, at_risk, out=np.zeros_like(at_risk), where=alive)
    return np.asarray((before * rate).sum(axis=-1))
