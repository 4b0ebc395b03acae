"""Balanced accuracy."""

from __future__ import annotations

from typing import ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from features.core.kinds.compared import Compared
from tasks.modelling.intervals.estimate import Way
from tasks.modelling.intervals.scale import Scale
from tasks.modelling.lacking import Need
from tasks.modelling.metrics.metric import RowMetric, Scored


class BalancedAccuracy(RowMetric):
    """The mean over classes of the share of their cases that are held to be of them; classes without a case are left out.

    Yes or no is decided at the threshold that the training fold learned; of several classes the likeliest is taken, of ranks the
    median. Brodersen et al., ICPR 2010;3121.
    """

    kind: Literal["balanced_accuracy"] = "balanced_accuracy"
    compared: ClassVar[Compared] = Compared(
        "balanced_accuracy_score of scikit-learn", "1e-12", "tasks/modelling/metrics/test_brier.py"
    )
    title: ClassVar[str] = "balanced accuracy"
    needs: ClassVar[Need] = "decision"
    compares: ClassVar[bool] = False
    scale: ClassVar[Scale] = "share"
    over_folds: ClassVar[Way] = "folds"
    undrawn: ClassVar[str] = "thresholds of draws move all their cases alike, and none was found that holds"

    def row_sums(self, fold: Scored) -> NDArray[np.float64]:
        levels = max(2, len(fold.outcome.levels))
        own = np.eye(levels)[fold.outcome.code]
        return np.hstack([own * (fold.decision == fold.outcome.code)[:, None], own])

    def of_sums(self, sums: NDArray[np.float64]) -> NDArray[np.float64]:
        right, there = np.hsplit(sums, 2)
        known = there > 0
        shares = np.divide(right, there, out=np.zeros_like(right), where=known)
        return np.where(known.sum(axis=1) > 1, shares.sum(axis=1) / np.maximum(known.sum(axis=1), 1), np.nan)
