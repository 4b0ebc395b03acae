"""Integrated Brier score."""

from __future__ import annotations

from typing import ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from features.core.kinds.compared import Compared
from tasks.modelling.follow_up.brier import brier_by_day, mean_over_days
from tasks.modelling.follow_up.weights import weight_table
from tasks.modelling.horizon_metric import HorizonMetric
from tasks.modelling.scored import Scored

SHARES = np.linspace(0.01, 1.0, 100)  # of the horizon


class IntegratedBrier(HorizonMetric):
    """The mean of the Brier score over 100 days, evenly from the first hundredth of the horizon to the horizon: 0 is best.

    Of the event of interest, as the Brier score at the horizon. Graf et al., Stat Med 1999;18:2529.
    """

    kind: Literal["integrated_brier"] = "integrated_brier"
    compared: ClassVar[Compared] = Compared(
        "integrated_brier_score of scikit-survival", "1e-12", "tasks/modelling/test_follow_up.py"
    )
    title: ClassVar[str] = "integrated Brier score"
    ideal: ClassVar[float | None] = 0.0
    places: ClassVar[int] = 3
    at_horizon: ClassVar[bool] = False  # but up to it

    def row_sums(self, fold: Scored) -> NDArray[np.float64]:
        days = fold.horizon * SHARES
        distance = brier_by_day(fold.outcome, fold.censoring, fold.incidence(days), days)
        return np.hstack([distance, weight_table(fold.outcome, fold.censoring, days)])

    def of_sums(self, sums: NDArray[np.float64]) -> NDArray[np.float64]:
        distance, weight = np.hsplit(sums, 2)
        known = (weight > 0).all(axis=1)
        by_day = np.divide(distance, weight, out=np.zeros_like(distance), where=weight > 0)
        return np.where(known, mean_over_days(by_day, SHARES), np.nan)
