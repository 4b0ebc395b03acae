"""Brier score."""

from __future__ import annotations

from typing import ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from features.core.kinds.compared import Compared
from tasks.modelling.intervals.scale import Scale
from tasks.modelling.lacking import Need
from tasks.modelling.metrics.metric import RowMetric, Scored


class Brier(RowMetric):
    """The mean squared distance of probabilities from what was seen: 0 is best; of classes summed, of labels averaged over them.

    Of yes or no it lies between 0 and 1, and always saying one half gives 0.25. Brier, Mon Weather Rev 1950;78:1.
    """

    kind: Literal["brier"] = "brier"
    compared: ClassVar[Compared] = Compared(
        "brier_score_loss of scikit-learn, on a public table", "1e-12", "tasks/modelling/metrics/test_brier.py"
    )
    title: ClassVar[str] = "Brier score"
    needs: ClassVar[Need] = "chance"
    higher_is_better: ClassVar[bool] = False
    ideal: ClassVar[float | None] = 0.0
    compares: ClassVar[bool] = False
    places: ClassVar[int] = 3
    chance: ClassVar[float | None] = None
    scale: ClassVar[Scale] = "positive"
    undrawn: ClassVar[str] = "the corrected score is a little too high, and what was found about it holds too rarely"

    def row_sums(self, fold: Scored) -> NDArray[np.float64]:
        return np.column_stack([squared_distance(fold, fold.chances), np.ones(len(fold.rows))])

    def of_sums(self, sums: NDArray[np.float64]) -> NDArray[np.float64]:
        there = sums[:, 1] > 0
        return np.where(there, sums[:, 0] / np.where(there, sums[:, 1], 1.0), np.nan)


def squared_distance(fold: Scored, chances: NDArray[np.float64]) -> NDArray[np.float64]:
    """Of each case, (m,). chances: (m, levels), or a row for all."""
    distance = (fold.seen - chances) ** 2
    found: NDArray[np.float64] = distance.mean(axis=1) if fold.outcome.code.ndim > 1 else distance.sum(axis=1)
    return found
