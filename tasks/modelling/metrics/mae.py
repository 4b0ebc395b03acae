"""Mean absolute error."""

from __future__ import annotations

from typing import ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from features.core.kinds.compared import Compared
from tasks.modelling.intervals.scale import Scale
from tasks.modelling.lacking import Need
from tasks.modelling.metrics.metric import RowMetric, Scored


class Mae(RowMetric):
    """The mean distance of the predicted number from the seen one, in its unit; of ranks in steps, from the median rank.

    Willmott & Matsuura, Clim Res 2005;30:79.
    """

    kind: Literal["mae"] = "mae"
    compared: ClassVar[Compared] = Compared(
        "mean_absolute_error of scikit-learn", "1e-6", "tasks/modelling/metrics/test_brier.py"
    )
    title: ClassVar[str] = "mean absolute error"
    needs: ClassVar[Need] = "value"
    higher_is_better: ClassVar[bool] = False
    ideal: ClassVar[float | None] = 0.0
    compares: ClassVar[bool] = False
    places: ClassVar[int] = -1
    chance: ClassVar[float | None] = None
    scale: ClassVar[Scale] = "positive"

    def row_sums(self, fold: Scored) -> NDArray[np.float64]:
        if fold.outcome.value is None:
            distance = np.abs(fold.outcome.code - fold.decision).astype(np.float64)
        else:
            assert fold.prediction.value is not None
            distance = np.abs(fold.outcome.value - fold.prediction.value)
        return np.column_stack([distance, np.ones(len(fold.rows))])

    def of_sums(self, sums: NDArray[np.float64]) -> NDArray[np.float64]:
        there = sums[:, 1] > 0
        return np.where(there, sums[:, 0] / np.where(there, sums[:, 1], 1.0), np.nan)
