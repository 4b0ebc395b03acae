"""Heterogeneity: how much of the differences between centres is more than the chance of their cases."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

LEAST_CENTRES = 3


@dataclass(frozen=True, slots=True)
class Heterogeneity:
    """i2: share of the variance of the centres' scores that the chance of their cases does not explain. tau: standard deviation of
    their true scores. q, p: Cochran's test of whether there is any.
    """

    centres: int
    i2: float
    tau: float
    q: float
    p: float


def heterogeneity(scores: Sequence[float], variances: Sequence[float]) -> Heterogeneity:
    """Of one score a centre, with its variance over other cases, the model as it is. Raises ValueError for fewer than three.

    DerSimonian & Laird, Control Clin Trials 1986;7:177; Higgins & Thompson, Stat Med 2002;21:1539.
    """
    y, v = np.asarray(scores, np.float64), np.asarray(variances, np.float64)
    centres = len(y)
    if centres < LEAST_CENTRES:
        raise ValueError(f"{centres} centres have a score with a variance; it takes {LEAST_CENTRES}")
    w = 1 / v
    q = float((w * (y - (w * y).sum() / w.sum()) ** 2).sum())
    free = centres - 1
    tau2 = max(0.0, (q - free) / float(w.sum() - (w**2).sum() / w.sum()))
    from scipy.stats import chi2  # here, so that reading a study does not import it

    return Heterogeneity(centres, max(0.0, (q - free) / q) if q > 0 else 0.0, tau2**0.5, q, float(chi2.sf(q, free)))
