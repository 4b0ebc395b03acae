"""The corrected resampled t-test of two candidates on the same folds."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy.stats import t as student

from tasks.modelling.comparisons.difference import Difference

LEAST_FOLDS = 3


def corrected_t(value: float, differences: Sequence[float], test_share: float) -> Difference:
    """Of the differences of the folds' scores. value: the difference of the whole scores, about which the interval lies.

    test_share: test cases to training cases of a fold. Training sets overlap, so that 1 / folds, which a plain t-test takes, is
    much too small: it becomes 1 / folds + test_share. Nadeau & Bengio, Mach Learn 2003;52:239; Bouckaert & Frank, PAKDD 2004;3
    (repeated folds).
    """
    found = np.asarray(differences, np.float64)
    folds = len(found)
    if folds < LEAST_FOLDS:
        return Difference(value, reason=f"{folds} folds have a score of both; a test takes {LEAST_FOLDS}")
    spread = float(np.sqrt((1 / folds + test_share) * found.var(ddof=1)))
    if not spread > 1e-12:
        if abs(float(found.mean())) < 1e-12:
            return Difference(value, 0.0, 0.0, 1.0)
        return Difference(value, reason="all folds differ by the same")
    half = float(student.ppf(0.975, folds - 1)) * spread
    p = float(2 * student.sf(abs(float(found.mean())) / spread, folds - 1))
    return Difference(value, value - half, value + half, p)
