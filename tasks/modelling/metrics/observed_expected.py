"""Calibration at the horizon: observed over expected."""

from __future__ import annotations

from typing import ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from features.core.kinds.compared import Compared
from tasks.modelling.follow_up.weights import weight_table
from tasks.modelling.horizon_metric import HorizonMetric
from tasks.modelling.intervals.estimate import Way
from tasks.modelling.scored import Scored


class ObservedExpected(HorizonMetric):
    """The share of cases with the event by the horizon over the mean predicted incidence: 1 is right, less is overestimated.

    Cases weigh by the censoring of the training fold, and what they weigh adds up to 1. The horizon is that of the endpoint, or
    the median day of the training events. McLernon et al., Ann Intern Med 2023;176:105.
    """

    kind: Literal["observed_expected"] = "observed_expected"
    compared: ClassVar[Compared] = Compared(
        "a loop over the patients of nki70", "1e-9", "tasks/modelling/test_horizon_line.py"
    )
    title: ClassVar[str] = "observed / expected at the horizon"
    uncorrected: ClassVar[str] = (
        "a model is right on average about the cases that it was fitted to, whatever it is worth"
    )
    over_folds: ClassVar[Way] = "these"

    def row_sums(self, fold: Scored) -> NDArray[np.float64]:
        days = np.array([fold.horizon])
        weight = weight_table(fold.outcome, fold.censoring, days)[:, 0]
        assert fold.outcome.days is not None
        seen = (fold.outcome.code == 1) & (fold.outcome.days <= fold.horizon)
        return np.column_stack([weight * seen, weight, fold.incidence(days)[:, 0], np.ones(len(weight))])

    def of_sums(self, sums: NDArray[np.float64]) -> NDArray[np.float64]:
        seen, weight, said, n = sums.T
        there = (weight > 0) & (said > 0)
        return np.where(there, seen * n / np.where(there, weight * said, 1.0), np.nan)
