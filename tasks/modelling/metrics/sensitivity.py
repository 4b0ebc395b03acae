"""Sensitivity at a learned threshold."""

from __future__ import annotations

from typing import ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from tasks.modelling.intervals.scale import Scale
from tasks.modelling.lacking import Need
from tasks.modelling.metrics.metric import RowMetric, Scored


class Sensitivity(RowMetric):
    """The share of positive cases above the threshold that the training fold learned.

    The threshold is where sensitivity + specificity of training cases is highest that inner folds predicted (Youden); the test
    cases decide nothing. Altman & Bland, BMJ 1994;308:1552.
    """

    kind: Literal["sensitivity"] = "sensitivity"
    title: ClassVar[str] = "sensitivity"
    needs: ClassVar[Need] = "decision"
    compares: ClassVar[bool] = False
    chance: ClassVar[float | None] = None
    scale: ClassVar[Scale] = "count"
    resampled: ClassVar[str] = (
        "the threshold of a fold moves all its cases alike, and how far cannot be told from one data set"
    )

    def row_sums(self, fold: Scored) -> NDArray[np.float64]:
        counted = fold.outcome.flag
        right = counted & (fold.decision == fold.outcome.code)
        return np.column_stack([right, counted]).astype(np.float64)

    def of_sums(self, sums: NDArray[np.float64]) -> NDArray[np.float64]:
        there = sums[:, 1] > 0
        return np.where(there, sums[:, 0] / np.where(there, sums[:, 1], 1.0), np.nan)
