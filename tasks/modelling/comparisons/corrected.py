"""p-values, corrected for how many were compared."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np


def holm(p: Sequence[float]) -> list[float]:
    """Each p so that the chance of any false claim stays below it, whatever depends on what. Holm, Scand J Stat 1979;6:65.

    >>> holm([0.01, 0.04, 0.03])
    [0.03, 0.06, 0.06]
    """
    found = np.asarray(p, np.float64)
    order = np.argsort(found, kind="stable")
    steps = np.maximum.accumulate((len(found) - np.arange(len(found))) * found[order])
    corrected = np.empty(len(found))
    corrected[order] = np.minimum(steps, 1.0)
    return [float(one) for one in corrected]


def benjamini_hochberg(p: Sequence[float]) -> list[float]:
    """Each p so that, of what is claimed below a level, at most that share is false on average, if they are independent or rise
    together. Benjamini & Hochberg, J R Stat Soc B 1995;57:289.

    >>> benjamini_hochberg([0.01, 0.04, 0.03])
    [0.03, 0.04, 0.04]
    """
    from scipy.stats import false_discovery_control

    return [float(one) for one in false_discovery_control(list(p))] if len(p) else []
