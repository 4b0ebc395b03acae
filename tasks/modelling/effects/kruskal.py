"""Test of Kruskal and Wallis between classes."""

from __future__ import annotations

from typing import ClassVar, Literal

import numpy as np

from features.core.kinds.compared import Compared
from tasks.modelling.effects.effect import Effect, Estimate, Sample, VariableKind


class Kruskal(Effect):
    """ε², the share of the variance of the ranks that lies between classes, with the test of Kruskal and Wallis.

    The interval is that of the share behind a noncentral F of the ranks (Steiger, Psychol Methods 2004;9:164): it begins at 0 where
    the classes may be alike. A share has no sign, so that centres are not compared by it.
    """

    kind: Literal["kruskal"] = "kruskal"
    title: ClassVar[str] = "ε²"
    takes: ClassVar[frozenset[VariableKind]] = frozenset({"classes", "ranks", "flag"})
    compared: ClassVar[Compared] = Compared(
        "scipy, nki70", "1e-12", "tasks/modelling/effects/test_effects_of_others.py"
    )

    def estimate(self, sample: Sample) -> Estimate:
        from scipy.stats import kruskal

        assert sample.y is not None
        groups = [sample.x[sample.y == one] for one in np.unique(sample.y)]
        found = kruskal(*groups)
        n, k = len(sample), len(groups)
        share = float(np.clip(found.statistic / (n - 1), 0.0, 1.0))
        if share > 1 - 1e-12:
            return Estimate(share, p=float(found.pvalue), reason="each class has one value of its own: no interval")
        F = share / (1 - share) * (n - k) / (k - 1)
        low, high = (_noncentral(F, k - 1, n - k, share_above) for share_above in (0.975, 0.025))
        return Estimate(share, low / (low + n), high / (high + n), float(found.pvalue))


def _noncentral(F: float, first: int, second: int, below: float) -> float:
    """The noncentrality at which an F as high as this one, or lower, has the chance `below`; 0 where no noncentrality does."""
    from scipy.optimize import brentq
    from scipy.stats import ncf

    def left(noncentrality: float) -> float:
        return float(ncf.cdf(F, first, second, noncentrality)) - below

    if left(0.0) <= 0:
        return 0.0
    top = max(4.0 * first * F, 10.0)
    while left(top) > 0:
        top *= 2
    return float(brentq(left, 0.0, top, xtol=1e-6))
