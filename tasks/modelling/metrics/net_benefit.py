"""Net benefit."""

from __future__ import annotations

from typing import ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from features.core.kinds.compared import Compared
from tasks.modelling.intervals.estimate import Way
from tasks.modelling.intervals.scale import Scale
from tasks.modelling.lacking import Need
from tasks.modelling.metrics.metric import RowMetric, Scored


class NetBenefit(RowMetric):
    """True positives less false ones, weighed by the odds of the threshold, a case: above 0, deciding by the model is of use.

    The threshold is the share of positives in the training fold, where treating everybody is worth as much as treating nobody:
    nothing. A case at the threshold is treated. The decision curve has other thresholds. Vickers & Elkin, Med Decis Making
    2006;26:565.
    """

    kind: Literal["net_benefit"] = "net_benefit"
    compared: ClassVar[Compared] = Compared(
        "dcurves, on a public table", "1e-6", "tasks/modelling/metrics/test_brier.py"
    )
    title: ClassVar[str] = "net benefit"
    needs: ClassVar[Need] = "chance"
    ideal: ClassVar[float | None] = None
    compares: ClassVar[bool] = False
    places: ClassVar[int] = 3
    chance: ClassVar[float | None] = 0.0
    chance_is: ClassVar[str] = "treating everybody, or nobody"
    scale: ClassVar[Scale] = "plain"
    over_folds: ClassVar[Way] = "these"
    undrawn: ClassVar[str] = "none was found that is narrow enough"

    def row_sums(self, fold: Scored) -> NDArray[np.float64]:
        share = float(fold.train.flag.mean())
        treated, seen = fold.chances[:, 0] >= share, fold.outcome.flag
        worth = np.where(treated, np.where(seen, 1.0, -share / (1 - share)), 0.0)
        return np.column_stack([worth, np.ones(len(fold.rows))])

    def of_sums(self, sums: NDArray[np.float64]) -> NDArray[np.float64]:
        there = sums[:, 1] > 0
        return np.where(there, sums[:, 0] / np.where(there, sums[:, 1], 1.0), np.nan)
