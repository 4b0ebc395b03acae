"""Paths: models of settings that are points of one path, which is computed once for all of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from tasks.modelling.models.model import NUMERICAL, FittedModel
from tasks.modelling.rows import Floats

Found = list[FittedModel | Exception]


def along(settings: Sequence[float], fit: Callable[[Floats], Sequence[FittedModel]]) -> Found:
    """The model of each setting, or why there is none. fit: of settings that fall, each once, the models in this order."""
    each = np.unique(settings)[::-1]
    try:
        found = dict(zip(each.tolist(), fit(each), strict=True))
    except NUMERICAL as error:
        return [error for _ in settings]
    return [found[float(one)] for one in settings]


def by_share(asked: Sequence[tuple[float, float]], fit: Callable[[list[float], float], Found]) -> Found:
    """Of each share of L1 and penalty that is asked for the model, or why there is none: a path for each share.

    fit: of the penalties of a share, and the share, what was found, in this order.
    """
    found: dict[tuple[float, float], FittedModel | Exception] = {}
    for share in dict.fromkeys(share for share, _ in asked):
        own = [penalty for other, penalty in asked if other == share]
        found |= zip(((share, penalty) for penalty in own), fit(own, share), strict=True)
    return [found[one] for one in asked]
