"""Brier score by the day, of the event of interest."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from features.core.compiled import njit
from features.core.outcome import Outcome
from tasks.modelling.censoring import Censoring
from tasks.modelling.follow_up.weights import weights_by_day

Floats = NDArray[np.float64]
Codes = NDArray[np.intp]


def brier_by_day(outcome: Outcome, censoring: Censoring, incidence: Floats, days: Floats) -> Floats:
    """The weighted squared distance of each case at each day, (n, k); their sum over that of the weights is the score of the day.

    incidence: (n, k) of the event of interest (code 1) by these days. Whoever had it by a day counts (1 − incidence)²/G(t−),
    whoever had another event incidence²/G(t−), whoever is free at the day incidence²/G(day−), and whoever was censored before 0.
    Over the cases of which G was estimated the weights add up to their number.
    scikit-survival's brier_score has 1/G(t) at events and 1/G(day), and drops whoever is censored on the day: equal unless an event
    and a censoring share a day, or somebody is censored on the day itself.
    Graf et al., Stat Med 1999;18:2529; Schoop et al., Biom J 2011;53:88 (competing risks). Raises ValueError as weights_by_day.
    """
    assert outcome.days is not None
    own, longer = weights_by_day(outcome, censoring, days)
    given = np.ascontiguousarray(incidence, np.float64)
    found: Floats = _distances(given, outcome.days, outcome.code, own, longer, np.asarray(days, np.float64))
    return found


@njit(cache=True)
def _distances(said: Floats, time: Floats, code: Codes, own: Floats, longer: Floats, days: Floats) -> Floats:
    found = np.empty(said.shape)
    for i in range(said.shape[0]):
        for k in range(said.shape[1]):
            if time[i] > days[k] or (time[i] == days[k] and code[i] == 0):
                found[i, k] = longer[k] * said[i, k] * said[i, k]
            else:
                miss = (1.0 if code[i] == 1 else 0.0) - said[i, k]
                found[i, k] = own[i] * miss * miss
    return found


def mean_over_days(values: Floats, days: Floats) -> Floats:
    """The mean of values (…, k) over the days (k,), by the trapezoidal rule; of one day its value."""
    if len(days) == 1:
        return np.asarray(values[..., 0])
    return np.asarray(np.trapezoid(values, days) / (days[-1] - days[0]))
