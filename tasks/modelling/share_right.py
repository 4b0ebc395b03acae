"""ShareRight: of the cases of one kind, the share of which a learned threshold says what was seen."""

from __future__ import annotations

from abc import abstractmethod
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from tasks.modelling.intervals.estimate import Way
from tasks.modelling.intervals.scale import Scale
from tasks.modelling.lacking import Need
from tasks.modelling.metrics.metric import RowMetric, Scored


class ShareRight(RowMetric):
    """The threshold is where sensitivity + specificity of training cases is highest that inner folds predicted (Youden).

    The test cases decide nothing.
    """

    needs: ClassVar[Need] = "decision"
    compares: ClassVar[bool] = False
    chance: ClassVar[float | None] = None
    scale: ClassVar[Scale] = "count"
    over_folds: ClassVar[Way] = "folds"
    undrawn: ClassVar[str] = "thresholds of draws move all their cases alike, and none was found that holds"

    @abstractmethod
    def counted(self, fold: Scored) -> NDArray[np.bool_]:
        """The cases of a fold of which it is the share, (m,)."""

    def row_sums(self, fold: Scored) -> NDArray[np.float64]:
        counted = self.counted(fold)
        right = counted & (fold.decision == fold.outcome.code)
        return np.column_stack([right, counted]).astype(np.float64)

    def of_sums(self, sums: NDArray[np.float64]) -> NDArray[np.float64]:
        there = sums[:, 1] > 0
        return np.where(there, sums[:, 0] / np.where(there, sums[:, 1], 1.0), np.nan)
