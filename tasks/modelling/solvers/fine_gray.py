"""Fine and Gray's model: the hazard of a subdistribution, in which whoever had another event stays at risk."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from features.core.outcome import Outcome
from tasks.modelling.censoring import Censoring
from tasks.modelling.prediction import Incidence, curve_days
from tasks.modelling.solvers.baseline import causes_of, fit_baseline
from tasks.modelling.solvers.ridge_cox_path import Staying

Floats = NDArray[np.float64]

_FARTHEST = 300.0  # of a log hazard ratio: its exponential is finite


def staying(outcome: Outcome) -> Staying:
    """Who stays at risk of cause 1, and how much: by Kaplan and Meier's estimate of the censoring.

    On one day events come before censorings, as in survival::finegray of R; cmprsk::crr counts those with an event on a day as
    still at risk of being censored on it, which is the same unless an event and a censoring share a day.
    Fine & Gray, J Am Stat Assoc 1999;94:496; Geskus, Biometrics 2011;67:39.
    """
    assert outcome.days is not None
    censoring, other = Censoring(outcome), outcome.code > 1
    weight = np.zeros(len(outcome))
    if other.any():
        weight[other] = 1.0 / censoring.free_before(outcome.days[other])
    return Staying(weight, censoring.free_before(np.unique(outcome.days[outcome.code == 1])))


@dataclass(frozen=True, eq=False)
class SubdistributionBaseline:
    """What each day adds to the hazard of the subdistribution at the risk 0, and to the hazards of the other causes.

    days: (d,) rising, all days with an event. hazard: (d,) of cause 1. others: (causes − 1, d) Nelson-Aalen, the same for all
    cases. shown: the places, among them, of the days of the curves, (k,).
    """

    days: Floats
    hazard: Floats
    others: Floats
    shown: NDArray[np.intp]

    def incidence(self, risk: Floats) -> Incidence:
        """The curves of cases with log ratios of that hazard, (n,).

        Of cause 1 it is 1 − exp(−hazard), as cmprsk predicts it. The model says nothing of other causes: of those who are free
        of all events they take what they take of all cases, never more than cause 1 leaves until its last day.
        """
        ratio = np.exp(np.clip(risk, -_FARTHEST, _FARTHEST))
        first = -np.expm1(-ratio[:, None] * np.cumsum(self.hazard))
        value = np.zeros((len(risk), 1 + len(self.others), len(self.days)))
        value[:, 0] = first
        left = 1.0 - first[:, -1] if len(self.days) else np.ones(len(risk))
        taken, before, each = np.zeros(len(risk)), np.zeros(len(risk)), np.zeros((len(risk), len(self.others)))
        together = self.others.sum(axis=0)
        for day in range(len(self.days)):
            if together[day] > 0:
                gone = np.minimum(together[day] * np.maximum(1.0 - before - taken, 0.0), left - taken)
                each = each + np.maximum(gone, 0.0)[:, None] * (self.others[:, day] / together[day])
                taken = each.sum(axis=1)
            value[:, 1:, day], before = each, first[:, day]
        return Incidence(self.days[self.shown], np.minimum(value[:, :, self.shown], 1.0))

    def state(self) -> dict[str, Any]:
        """All that was learnt, by name."""
        return {"days": self.days, "hazard": self.hazard, "others": self.others}


def fit_subdistribution(risk: Floats, outcome: Outcome) -> SubdistributionBaseline:
    """Of the risks of the training cases, (n,) finite log ratios, and what was seen (Breslow's estimate with staying cases)."""
    assert outcome.days is not None
    other = fit_baseline(np.zeros(len(risk)), outcome)
    days = np.unique(outcome.days[outcome.code == 1])
    stay, shift = staying(outcome), float(np.max(risk, initial=-_FARTHEST))
    mass = np.exp(np.maximum(risk - shift, -2 * _FARTHEST))
    order = np.argsort(outcome.days, kind="stable")
    started = np.searchsorted(outcome.days[order], days, side="left")
    here = np.append(np.cumsum(mass[order][::-1])[::-1], 0.0)[started]
    stayed = np.append(0.0, np.cumsum((mass * stay.weight)[order]))[started]
    counts = np.bincount(np.searchsorted(days, outcome.days[outcome.code == 1]), minlength=len(days))
    hazard = np.zeros(len(other.days))
    added = counts / np.maximum(here + stay.free * stayed, 1e-150) * np.exp(-min(shift, _FARTHEST))
    hazard[np.searchsorted(other.days, days)] = np.minimum(added, 1e150)
    shown = np.searchsorted(other.days, curve_days(outcome.days[outcome.flag]))
    return SubdistributionBaseline(other.days, hazard, other.hazard[1 : causes_of(outcome)], shown)
