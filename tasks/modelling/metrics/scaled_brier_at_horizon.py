"""Scaled Brier score at the horizon."""

from __future__ import annotations

from typing import ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from features.core.kinds.compared import Compared
from tasks.modelling.follow_up.brier import brier_by_day
from tasks.modelling.follow_up.observed import observed_by
from tasks.modelling.horizon_metric import HorizonMetric
from tasks.modelling.intervals.scale import Scale
from tasks.modelling.scored import Scored


class ScaledBrierAtHorizon(HorizonMetric):
    """1 − Brier score at the horizon / that of the training fold's own incidence: 0 is what that gives everybody, less is worse.

    The incidence of the training cases is by Aalen and Johansen, or Kaplan and Meier, which is what was known. Steyerberg et al.,
    Epidemiology 2010;21:128; Kattan & Gerds, Diagn Progn Res 2018;2:7 (index of prediction accuracy).
    """

    kind: Literal["scaled_brier_at_horizon"] = "scaled_brier_at_horizon"
    compared: ClassVar[Compared] = Compared(
        "brier_score of scikit-survival, on nki70", "1e-9", "tasks/modelling/test_horizon_line.py"
    )
    title: ClassVar[str] = "scaled Brier score at the horizon"
    higher_is_better: ClassVar[bool] = True
    chance: ClassVar[float | None] = 0.0
    chance_is: ClassVar[str] = "the incidence of the training fold"
    lowest: ClassVar[float] = -0.2
    least: ClassVar[float] = -1.0
    scale: ClassVar[Scale] = "loss"
    undrawn: ClassVar[str] = "none was tried"

    def row_sums(self, fold: Scored) -> NDArray[np.float64]:
        days = np.array([fold.horizon])
        usual = np.full((len(fold.rows), 1), observed_by(fold.train, fold.horizon))
        own, known = (
            brier_by_day(fold.outcome, fold.censoring, said, days)[:, 0] for said in (fold.incidence(days), usual)
        )
        return np.column_stack([own, known])

    def of_sums(self, sums: NDArray[np.float64]) -> NDArray[np.float64]:
        there = sums[:, 1] > 0
        return np.where(there, 1 - sums[:, 0] / np.where(there, sums[:, 1], 1.0), np.nan)
