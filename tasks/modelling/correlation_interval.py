"""Interval of a correlation by Fisher's transform."""

from __future__ import annotations

import math
from statistics import NormalDist

from tasks.modelling.effects.effect import Estimate

NORMAL = NormalDist().inv_cdf(0.975)


def by_fisher(r: float, p: float, freedom: float, *, ranks: bool = False) -> Estimate:
    """Of a correlation of `freedom` + 3 cases, less one for each column that is held fixed. Fisher, Biometrika 1915;10:507.

    ranks: the variance of Bonett & Wright, Psychometrika 2000;65:23, which Spearman's ρ needs. A correlation of 1 or −1 is no
    association but one column twice: it has no interval.
    """
    if abs(r) > 1 - 1e-12:
        return Estimate(r, p=p, reason="the column and the variable are the same but for their unit: no interval")
    spread = math.sqrt((1 + r * r / 2 if ranks else 1) / freedom)
    z = math.atanh(r)
    return Estimate(r, math.tanh(z - NORMAL * spread), math.tanh(z + NORMAL * spread), p, z, spread)
