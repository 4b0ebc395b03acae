"""What networks of follow-up minimise: Cox's partial likelihood, and the likelihood of events in intervals of time. In torch."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from features.core.outcome import Outcome
from features.deep.learning.follow_up import AtRisk, interval_loss_sum
from tasks.modelling.prediction import Incidence, curve_days
from tasks.modelling.solvers.baseline import causes_of, fit_baseline

Floats = NDArray[np.float64]
TorchLoss = Callable[[Any, Any], Any]  # torch, and what the network tells, (n, out); the loss


def cox_loss(event: NDArray[np.bool_], days: Floats) -> TorchLoss:
    """The negative log partial likelihood by case, with Breslow's ties, of log hazard ratios, (n, 1).

    Raises ValueError without any event. Katzman et al., BMC Med Res Methodol 2018;18:24.
    """
    if not event.any():
        raise ValueError("a network of follow-up needs at least one event")
    at_risk, cases = AtRisk.of(event, days), len(days)

    def loss(torch: Any, told: Any) -> Any:
        return at_risk.lost(torch, told[:, 0]) / cases

    return loss


@dataclass(frozen=True, eq=False)
class Intervals:
    """Time in J intervals, in each of which whoever is still free has an event of one of the causes, or none.

    ends: (J,) rising, the last day of each. usual: (J, causes) log odds of each cause against none, of all training cases: what
    a network tells is added. days: (k,) at which curves step; place: (k,) the interval of each; share: (k,) of its cumulative
    hazard that is reached by then, from the Nelson-Aalen estimate of the training cases.
    """

    ends: Floats
    usual: Floats
    days: Floats
    place: NDArray[np.intp]
    share: Floats

    @property
    def outputs(self) -> int:
        """How many numbers a network tells of a case."""
        return self.usual.size

    def incidence(self, told: Floats) -> Incidence:
        """The curves of cases of which a network tells (n, J × causes)."""
        odds = told.reshape(len(told), *self.usual.shape) + self.usual
        highest = np.maximum(odds.max(axis=2, keepdims=True), 0.0)
        each = np.exp(odds - highest)
        hazard = each / (each.sum(axis=2, keepdims=True) + np.exp(-highest))
        together = np.minimum(hazard.sum(axis=2), 1.0 - 1e-12)
        log_stay = np.log1p(-together)
        before = np.cumsum(log_stay, axis=1) - log_stay
        part = hazard / np.maximum(together, 1e-300)[:, :, None]
        whole = np.exp(before)[:, :, None] * together[:, :, None] * part  # what each interval adds
        done = np.cumsum(whole, axis=1) - whole
        gone = -np.expm1(log_stay[:, self.place] * self.share)
        value = done[:, self.place] + (np.exp(before)[:, self.place] * gone)[:, :, None] * part[:, self.place]
        return Incidence(self.days, np.clip(value.transpose(0, 2, 1), 0.0, 1.0))

    def state(self) -> dict[str, Any]:
        """All that was learnt, by name."""
        return {"ends": self.ends, "usual": self.usual, "days": self.days, "share": self.share}


def cut_intervals(outcome: Outcome, most: int) -> Intervals:
    """At most so many intervals, with about as many events each, the last of which ends with the last event.

    Raises ValueError without any event.
    """
    if not outcome.flag.any():
        raise ValueError("a network of follow-up needs at least one event")
    assert outcome.days is not None
    seen = np.sort(outcome.days[outcome.flag])
    places = np.ceil(np.arange(1, most + 1) * len(seen) / most).astype(np.intp) - 1
    ends = np.unique(seen[np.maximum(places, 0)])
    code, at_risk = interval_codes(outcome, ends)
    causes = causes_of(outcome)
    events = np.stack([(code == cause + 1).sum(axis=0) for cause in range(causes)], axis=1)
    free = at_risk.sum(axis=0) - events.sum(axis=1)
    usual = np.log(
        (events + 0.5 / causes) / (free[:, None] + 0.5)
    )  # half a case, where nobody is left or had this event
    all_days = fit_baseline(np.zeros(len(outcome)), outcome)
    reached = np.cumsum(all_days.hazard.sum(axis=0))
    days = curve_days(outcome.days[outcome.flag])
    place = np.searchsorted(ends, days, side="left")
    at_end = reached[np.searchsorted(all_days.days, ends)]
    start = np.concatenate([[0.0], at_end])[place]
    share = (reached[np.searchsorted(all_days.days, days)] - start) / (at_end[place] - start)
    return Intervals(ends, usual, days, place, np.minimum(share, 1.0))


def interval_loss(outcome: Outcome, intervals: Intervals) -> TorchLoss:
    """The negative log likelihood by case of what is seen in the intervals, (n, J × causes) log odds less the usual ones.

    A case counts in each interval that it is free of events until the end of, and in that of its event; who is censored within one
    counts in those before. Gensheimer & Narasimhan, PeerJ 2019;7:e6257; Lee et al., AAAI 2018 (causes).
    """
    code, at_risk = interval_codes(outcome, intervals.ends)
    usual = intervals.usual.astype(np.float32)

    def loss(torch: Any, told: Any) -> Any:
        odds = told.reshape(len(code), *usual.shape) + torch.from_numpy(usual)
        return interval_loss_sum(torch, odds, code, at_risk) / len(code)

    return loss


def interval_codes(outcome: Outcome, ends: Floats) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Of each case and interval the cause of its event in it, or 0; and whether it counts there. (n, J) each."""
    assert outcome.days is not None
    own = np.searchsorted(ends, outcome.days, side="left")
    interval = np.arange(len(ends))
    has_event = outcome.flag[:, None] & (own[:, None] == interval)
    survived = np.where(outcome.flag[:, None], interval < own[:, None], ends <= outcome.days[:, None])
    return np.where(has_event, outcome.code[:, None], 0).astype(np.int64), has_event | survived
