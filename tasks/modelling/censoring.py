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
        """G(t−), before those who are censored on day t, (n,); 0 after the last follow-up of the training cases."""
        curve = self._curve
        found: Floats = curve.prob_[np.searchsorted(curve.unique_time_, days) - 1]
        return np.where(days <= curve.unique_time_[-1], found, 0.0)
