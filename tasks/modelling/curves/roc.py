"""ROC curve over several folds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import rankdata
from sklearn.metrics import roc_curve

from features.core.wording import counted


@dataclass(frozen=True, slots=True)
class Roc:
    """Points of the curve from (0, 0) to (1, 1); empty with a reason where it is undefined."""

    false_positive_rate: tuple[float, ...] = ()
    true_positive_rate: tuple[float, ...] = ()
    reason: str = ""


def fold_percentiles(score: NDArray[np.float64], fold: NDArray[Any]) -> NDArray[np.float64]:
    """Rank of each score within its fold, scaled to (0, 1), ties averaged, (n,): comparable across folds."""
    percentiles = np.empty(len(score))
    for name in np.unique(fold):
        rows = fold == name
        percentiles[rows] = (rankdata(score[rows]) - 0.5) / rows.sum()
    return percentiles


def roc(label: NDArray[np.bool_], score: NDArray[np.float64], fold: NDArray[Any]) -> Roc:
    """The curve of within-fold percentile ranks, folds pooled.

    A picture: its area differs slightly from the reported AUC, which compares cases within folds only.
    """
    if label.all() or not label.any():
        return Roc(reason=f"one class only: {int(label.sum())} positive of {counted(len(label), 'case')}")
    false_positive, true_positive, _ = roc_curve(label, fold_percentiles(score, fold))
    return Roc(tuple(map(float, false_positive)), tuple(map(float, true_positive)))
