"""Baseline: what the hazards of training cases add to a risk, so that it becomes a curve over days."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from features.core.outcome import Outcome
from features.core.portable import exp
from tasks.modelling.prediction import Incidence, curve_days

Floats = NDArray[np.float64]

_FARTHEST = 300.0  # of a log hazard ratio: its exponential is finite, and sums of products are


@dataclass(frozen=True, eq=False)
class Baseline:
    """Cumulative hazards of training cases at the risk 0, by Breslow's estimate.

    days: (d,) rising, all days with an event of any cause. hazard: (causes, d) what each day adds. shown: the places, among
    them, of the days of the curves, (k,).
    """

    days: Floats
    hazard: Floats
    shown: NDArray[np.intp]

    def incidence(self, risk: Floats) -> Incidence:
        """The curves of cases with log hazard ratios, (n,) of cause 1 alone or (n, causes).

        The hazards of a day act together: of those who are free of events until then the share 1 − exp(−their sum) has one, and
        causes have parts of it as large as their hazards. So 1 less the sum of all incidences is exp(−all hazards until
        then), which is how lifelines and scikit-survival predict survival. A cause without a risk is as likely for all cases.
        """
        causes, chosen = len(self.hazard), self.days[self.shown]
        ratio = exp(np.clip(_by_cause(risk, causes), -_FARTHEST, _FARTHEST))
        if causes == 1:
            hazard = ratio[:, :, None] * np.cumsum(self.hazard, axis=1)[None, :, self.shown]
            return Incidence(chosen, 1.0 - exp(-hazard))
        each = ratio[:, :, None] * self.hazard[None]
        together = each.sum(axis=1)
        free = exp(-np.cumsum(together, axis=1))  # after each day
        before = np.concatenate([np.ones((len(ratio), 1)), free[:, :-1]], axis=1)
        part = np.divide(each, together[:, None], out=np.zeros_like(each), where=together[:, None] > 0)
        value = np.cumsum(part * (before * (1.0 - exp(-together)))[:, None], axis=2)[:, :, self.shown]
        return Incidence(chosen, np.minimum(value, 1.0))

    def state(self) -> dict[str, Any]:
        """All that was learnt, by name."""
        return {"days": self.days, "hazard": self.hazard}


def fit_baseline(risk: Floats, outcome: Outcome) -> Baseline:
    """Of the risks of the training cases, (n,) of cause 1 alone or (n, causes) finite log hazard ratios, and what was seen.

    A day adds its events over the summed hazard ratios of all who are at risk; who is censored on that day is still at
    risk (Breslow, J R Stat Soc B 1972;34:216). Of a cause without a risk it is the Nelson-Aalen estimate.
    """
    assert outcome.days is not None
    causes = causes_of(outcome)
    days, place = np.unique(outcome.days[outcome.flag], return_inverse=True)
    at_risk = np.clip(_by_cause(risk, causes), -_FARTHEST, _FARTHEST)
    highest = at_risk.max(axis=0, initial=-_FARTHEST)
    order = np.argsort(-outcome.days, kind="stable")
    mass = np.cumsum(exp(at_risk[order] - highest), axis=0)
    upto = np.searchsorted(-outcome.days[order], -days, side="right") - 1
    hazard = np.zeros((causes, len(days)))
    for cause in range(causes):
        counts = np.bincount(place, outcome.code[outcome.flag] == cause + 1, len(days))
        hazard[cause] = np.minimum(
            counts / np.maximum(mass[upto, cause], 1e-150) * exp(-highest[cause : cause + 1]), 1e150
        )
    return Baseline(days, hazard, np.searchsorted(days, curve_days(outcome.days[outcome.flag])))


def causes_of(outcome: Outcome) -> int:
    """How many causes of events an outcome knows: the levels without that of the censored, or one."""
    return max(1, len(outcome.levels) - 1)


def _by_cause(risk: Floats, causes: int) -> Floats:
    """Log hazard ratios of every cause, (n, causes); 0 of those that have none."""
    given = risk.reshape(len(risk), -1)
    return np.concatenate([given, np.zeros((len(given), causes - given.shape[1]))], axis=1)
