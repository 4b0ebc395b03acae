"""Average precision: the area under the curve of precision over recall, as steps."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]


def average_precision(label: Bools, score: Floats) -> float:
    """Σ (recall − recall before) · precision from the highest score down; equal scores are one step; NaN without a positive.

    label, score: (n,). Without interpolation, as in scikit-learn: Davis & Goadrich, ICML 2006;233.

    >>> average_precision(np.array([True, False, True]), np.array([0.9, 0.8, 0.1]))
    0.8333333333333333
    """
    positives = int(label.sum())
    if not positives:
        return float("nan")
    order = np.argsort(-score, kind="stable")
    hits = np.cumsum(label[order])
    last = np.append(score[order][:-1] != score[order][1:], True)
    hits, called = hits[last], np.flatnonzero(last) + 1
    return float((np.diff(hits, prepend=0) * (hits / called)).sum() / positives)
