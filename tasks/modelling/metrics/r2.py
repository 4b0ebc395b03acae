"""Coefficient of determination."""

from __future__ import annotations

from typing import ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from features.core.kinds.compared import Compared
from tasks.modelling.lacking import Need
from tasks.modelling.metrics.metric import RowMetric, Scored


class R2(RowMetric):
    """1 − squared errors / squared distances to the mean of the training fold: 0 is what this mean itself gives, less is worse.

    Out of fold; the mean is that of the training cases, which is what was known (Q², Schüürmann et al., J Chem Inf Model
    2008;48:2140).
    """

    kind: Literal["r2"] = "r2"
    compared: ClassVar[Compared] = Compared(
        "r2_score of scikit-learn", "1e-12", "tasks/modelling/metrics/test_metrics.py"
    )
    title: ClassVar[str] = "R²"
    needs: ClassVar[Need] = "value"
    chance: ClassVar[float | None] = 0.0
    chance_is: ClassVar[str] = "the mean of the training fold"
    lowest: ClassVar[float] = -0.2
    least: ClassVar[float] = -1.0
    drawn_above: ClassVar[float | None] = 0.0

    def row_sums(self, fold: Scored) -> NDArray[np.float64]:
        seen, value = fold.outcome.value, fold.prediction.value
        assert seen is not None
        assert value is not None
        assert fold.train.value is not None
        return np.column_stack([(seen - value) ** 2, (seen - fold.train.value.mean()) ** 2])

    def of_sums(self, sums: NDArray[np.float64]) -> NDArray[np.float64]:
        there = sums[:, 1] > 0
        return np.where(there, 1 - sums[:, 0] / np.where(there, sums[:, 1], 1.0), np.nan)
