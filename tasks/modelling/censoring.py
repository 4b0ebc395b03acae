"""Censoring: the one estimate of who is still followed when, fitted on the training cases of a fold."""

from __future__ import annotations

from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from features.core.outcome import Outcome

Floats = NDArray[np.float64]


class Censoring:
    """The share of cases that are not yet censored, G, by Kaplan and Meier over the training cases.

    Events of every cause end the follow-up without censoring. limit: days before which an event counts, the horizon or the
    last training event of interest (code 1), whichever is earlier; 0 if there is none.
    """

    def __init__(self, train: Outcome, horizon: float | None = None) -> None:
        assert train.days is not None
        self._train = train
        self.horizon = horizon
        last = float(train.days[train.code == 1].max(initial=0.0))
        self.limit = last if horizon is None else min(last, horizon)
        self.last = float(train.days.max(initial=0.0))  # day of the last follow-up of any training case

    @cached_property
    def _curve(self) -> tuple[Floats, Floats]:
        """Days of follow-up, rising, and G after each, after a 1 before all of them. Equal to scikit-survival's estimator."""
        assert self._train.days is not None
        days, place = np.unique(self._train.days, return_inverse=True)
        events = np.bincount(place, self._train.flag, len(days))
        ended = np.bincount(place, minlength=len(days))
        at_risk = np.cumsum(ended[::-1])[::-1] - events  # on one day events come before censorings
        lost = ended - events
        share = np.divide(lost, at_risk, out=np.zeros(len(days)), where=lost > 0)
        return np.concatenate([[-np.inf], days]), np.concatenate([[1.0], np.cumprod(1.0 - share)])

    def free(self, days: Floats) -> Floats:
        """G(t), after those who are censored on day t, (n,)."""
        known, share = self._curve
        found: Floats = share[np.searchsorted(known, days, side="right") - 1]
        return found

    def free_before(self, days: Floats) -> Floats:
        """G(t−), before those who are censored on day t, (n,); 0 after the last follow-up of the training cases.

        It is the share of those with an event on day t whose event is seen: on one day events come before censorings.
        """
        known, share = self._curve
        found: Floats = share[np.searchsorted(known, days) - 1]
        return np.where(days <= known[-1], found, 0.0)
