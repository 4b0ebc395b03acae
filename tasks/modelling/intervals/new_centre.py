"""The score in one new centre, told from the scores in several centres that each were left out once."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from features.core.wording import counted

CENTRES = 4  # fewer have no interval


def new_centre_interval(value: float, scores: Sequence[float], weights: Sequence[float]) -> tuple[float, float]:
    """95 % prediction interval of the score that is seen in one new centre of about the same size.

    value: the score of all centres, Σ weights · scores; weights add up to 1. The variance of the scores holds both how centres
    differ and the chance of their cases, and so does a new centre: nothing has to be told apart, unlike in IntHout et al., BMJ
    Open 2016;6:e010247. The error of `value` is that variance times Σ weights², doubled: each centre also trains the
    models of the others (see retrained.py, where d = 1). Student's t with one degree of freedom for each centre but one.
    Raises ValueError for fewer than CENTRES.
    """
    centres = len(scores)
    if centres < CENTRES:
        raise ValueError(
            f"{counted(centres, 'centre does', 'centres do')} not tell how much centres differ, it takes {CENTRES}"
        )
    spread = float(np.var(scores, ddof=1)) * (1 + 2 * float(np.sum(np.square(weights))))
    from scipy.stats import t as student  # few ask for it, and nobody else waits for scipy

    half = float(student.ppf(0.975, centres - 1)) * spread**0.5
    return value - half, value + half
