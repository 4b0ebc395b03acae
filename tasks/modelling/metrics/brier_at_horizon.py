"""Brier score at the horizon."""

from __future__ import annotations

from typing import ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from features.core.kinds.compared import Compared
from tasks.modelling.follow_up.brier import brier_by_day
from tasks.modelling.follow_up.weights import weight_table
from tasks.modelling.horizon_metric import HorizonMetric
from tasks.modelling.scored import Scored


class BrierAtHorizon(HorizonMetric):
    """The mean squared distance of the incidence at the horizon from what was seen, censored cases weighed out: 0 is best.

    Of the event of interest; other events by then count as none of it. The horizon is that of the endpoint, or the median day of
    the training events. Cases weigh by the censoring of the training fold, and what they weigh adds up to 1: always saying one
    half gives 0.25, also where censoring differs. Graf et al., Stat Med 1999;18:2529.
    """

    kind: Literal["brier_at_horizon"] = "brier_at_horizon"
    compared: ClassVar[Compared] = Compared(
        "brier_score of scikit-survival, on nki70", "1e-9", "tasks/modelling/test_horizon_line.py"
    )
    title: ClassVar[str] = "Brier score at the horizon"
    ideal: ClassVar[float | None] = 0.0
    places: ClassVar[int] = 3

    def row_sums(self, fold: Scored) -> NDArray[np.float64]:
        days = np.array([fold.horizon])
        distance = brier_by_day(fold.outcome, fold.censoring, fold.incidence(days), days)
        return np.hstack([distance, weight_table(fold.outcome, fold.censoring, days)])

    def of_sums(self, sums: NDArray[np.float64]) -> NDArray[np.float64]:
        there = sums[:, 1] > 0
        return np.where(there, sums[:, 0] / np.where(there, sums[:, 1], 1.0), np.nan)
