"""Censoring: the one estimate of who is still followed when, fitted on the training cases of a fold."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from features.core.kinds.endpoint import surv
from features.core.outcome import Outcome

if TYPE_CHECKING:
    from sksurv.nonparametric import CensoringDistributionEstimator

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

    @cached_property
    def _curve(self) -> CensoringDistributionEstimator:
        from sksurv.nonparametric import CensoringDistributionEstimator  # takes a while, and many studies follow nobody

        return CensoringDistributionEstimator().fit(surv(self._train))

    def free(self, days: Floats) -> Floats:
        """G(t), after those who are censored on day t, (n,)."""
        found: Floats = self._curve.predict_proba(days)
        return found

    def free_before(self, days: Floats) -> Floats:
        """G(t−), before those who are censored on day t, (n,); 0 after the last follow-up of the training cases.

        It is the share of those with an event on day t whose event is seen: on one day events come before censorings.
        """
        curve = self._curve
        found: Floats = curve.prob_[np.searchsorted(curve.unique_time_, days) - 1]
        return np.where(days <= curve.unique_time_[-1], found, 0.0)

    def brier_weights(self, outcome: Outcome, day: float) -> Floats:
        """What each case counts in a Brier score of `day`, (n,): 1/G(t−) with an event by then, 1/G(day) if followed longer.

        Whoever is censored by then counts 0. Over the training cases the weights add up to their number, so that a constant
        prediction of one half scores 1/4; scikit-survival's brier_score has 1/G(t) at events, and its weights add up to more
        where an event and a censoring share a day. An event of any cause counts.
        Raises ValueError if no training case is followed beyond `day`. Graf et al., Stat Med 1999;18:2529.
        """
        assert outcome.days is not None
        assert self._train.days is not None
        last = float(self._train.days.max(initial=0.0))
        if day >= last:
            raise ValueError(f"no training case is followed beyond day {day:g}; the last one is until day {last:g}")
        weights = np.zeros(len(outcome))
        seen, longer = outcome.flag & (outcome.days <= day), outcome.days > day
        weights[seen] = 1.0 / self.free_before(outcome.days[seen])
        weights[longer] = 1.0 / self.free(np.array([day]))
        return weights
