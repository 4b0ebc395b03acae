"""The threshold of a risk: who counts as positive."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]


def youden_threshold(label: Bools, risk: Floats) -> float:
    """The threshold above which cases count as positive, where sensitivity + specificity is highest; NaN for one class.

    label, risk: (n,) of cases that the model was not fitted to. It lies halfway between two neighbouring risks; of equal sums that
    with the smaller difference of the two counts, then the lower one. Where all risks are one, it is that risk: nobody is
    positive. Youden, Cancer 1950;3:32.

    >>> youden_threshold(np.array([False, False, True, True]), np.array([0.1, 0.2, 0.6, 0.9]))
    0.4
    """
    positives, negatives = int(label.sum()), int((~label).sum())
    if not positives or not negatives:
        return float("nan")
    order = np.argsort(risk, kind="stable")
    sorted_risk, hit = risk[order], label[order]
    last = np.flatnonzero(sorted_risk[:-1] < sorted_risk[1:])  # the last case of each risk but the highest
    if not len(last):
        return float(sorted_risk[0])
    below = np.cumsum(hit)[last]  # positives that are missed
    spared = last + 1 - below  # negatives that are not called
    gained = (
        positives - below
    ) * negatives + spared * positives  # whole numbers: sums of the two shares, times both counts
    apart = np.abs((positives - below) * negatives - spared * positives)
    best = last[np.lexsort((last, apart, -gained))[0]]
    lower, upper = float(sorted_risk[best]), float(sorted_risk[best + 1])
    middle = lower / 2 + upper / 2
    return middle if lower <= middle < upper else lower  # nothing lies between neighbouring floats
