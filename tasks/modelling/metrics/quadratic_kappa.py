"""Agreement of ranks beyond chance."""

from __future__ import annotations

from typing import ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from features.core.kinds.compared import Compared
from tasks.modelling.lacking import Need
from tasks.modelling.metrics.metric import RowMetric, Scored


class QuadraticKappa(RowMetric):
    """Cohen's kappa with quadratic weights of the seen and the predicted rank: 1 is agreement, 0 what chance gives.

    The predicted rank is the median of the predicted probabilities. Cases of all folds are counted together.
    Cohen, Psychol Bull 1968;70:213.
    """

    kind: Literal["quadratic_kappa"] = "quadratic_kappa"
    compared: ClassVar[Compared] = Compared(
        "cohen_kappa_score of scikit-learn", "1e-12", "tasks/modelling/metrics/test_metrics.py"
    )
    title: ClassVar[str] = "quadratic kappa"
    needs: ClassVar[Need] = "probability"
    chance: ClassVar[float | None] = 0.0
    lowest: ClassVar[float] = -0.2
    least: ClassVar[float] = -1.0

    def row_sums(self, fold: Scored) -> NDArray[np.float64]:
        levels = len(fold.outcome.levels)
        cells: NDArray[np.float64] = np.eye(levels * levels)[fold.outcome.code * levels + fold.prediction.level]
        return cells

    def of_sums(self, sums: NDArray[np.float64]) -> NDArray[np.float64]:
        levels = round(sums.shape[1] ** 0.5)
        seen = sums.reshape(-1, levels, levels)
        rank = np.arange(levels)
        weight = (rank[:, None] - rank[None, :]) ** 2
        chance = seen.sum(axis=2)[:, :, None] * seen.sum(axis=1)[:, None, :] / seen.sum(axis=(1, 2))[:, None, None]
        observed, expected = (weight * seen).sum(axis=(1, 2)), (weight * chance).sum(axis=(1, 2))
        return np.where(expected > 0, 1 - observed / np.where(expected > 0, expected, 1.0), np.nan)
