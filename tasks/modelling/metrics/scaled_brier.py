"""Scaled Brier score."""

from __future__ import annotations

from dataclasses import replace
from typing import ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from features.core.kinds.compared import Compared
from tasks.modelling.intervals.estimate import Way
from tasks.modelling.lacking import Need
from tasks.modelling.metrics.brier import squared_distance
from tasks.modelling.metrics.metric import RowMetric, Scored


class ScaledBrier(RowMetric):
    """1 − Brier score / that of the shares of the training fold: 0 is what these shares themselves give, less is worse.

    The shares are those of the training cases, which is what was known. Steyerberg et al., Epidemiology 2010;21:128.
    """

    kind: Literal["scaled_brier"] = "scaled_brier"
    compared: ClassVar[Compared] = Compared(
        "brier_score_loss of scikit-learn", "1e-12", "tasks/modelling/metrics/test_brier.py"
    )
    title: ClassVar[str] = "scaled Brier score"
    needs: ClassVar[Need] = "chance"
    compares: ClassVar[bool] = False
    chance: ClassVar[float | None] = 0.0
    chance_is: ClassVar[str] = "the shares of the training fold"
    lowest: ClassVar[float] = -0.2
    least: ClassVar[float] = -1.0
    over_folds: ClassVar[Way] = "these"
    drawn_above: ClassVar[float | None] = 0.0  # as of R², of which it is the likeness

    def row_sums(self, fold: Scored) -> NDArray[np.float64]:
        usual = replace(fold, outcome=fold.train, rows=np.arange(len(fold.train)), centres=np.empty(0, np.str_)).seen
        own, known = squared_distance(fold, fold.chances), squared_distance(fold, usual.mean(axis=0, keepdims=True))
        return np.column_stack([own, known])

    def of_sums(self, sums: NDArray[np.float64]) -> NDArray[np.float64]:
        there = sums[:, 1] > 0
        return np.where(there, 1 - sums[:, 0] / np.where(there, sums[:, 1], 1.0), np.nan)
