"""AUC of one column, with the test of Mann and Whitney."""

from __future__ import annotations

import math
from typing import ClassVar, Literal

import numpy as np

from features.core.kinds.compared import Compared
from tasks.modelling.correlation_interval import NORMAL
from tasks.modelling.effects.effect import Effect, Estimate, Sample, VariableKind


class MannWhitney(Effect):
    """How often a case with the outcome has the higher value than one without it: the AUC, ties half. 2 × AUC − 1 is the
    rank-biserial correlation.

    p by Mann and Whitney's test (exact for few cases without ties, else normal with ties and continuity corrected); interval by
    DeLong's variance on the logit scale. A column alone that was found and judged on the same cases is no validated score.
    """

    kind: Literal["mann_whitney"] = "mann_whitney"
    title: ClassVar[str] = "AUC"
    takes: ClassVar[frozenset[VariableKind]] = frozenset({"flag"})
    compared: ClassVar[Compared] = Compared(
        "scipy and scikit-learn, nki70", "1e-12", "tasks/modelling/effects/test_effects_of_others.py"
    )
    null: ClassVar[float] = 0.5

    def estimate(self, sample: Sample) -> Estimate:
        from scipy.stats import mannwhitneyu, rankdata

        from tasks.modelling.intervals.delong import least_of_perfect

        assert sample.y is not None
        high, low = sample.x[sample.y > 0], sample.x[sample.y == 0]
        n, m = len(high), len(low)
        found = mannwhitneyu(high, low)
        auc, p = float(found.statistic) / (n * m), float(found.pvalue)
        if auc in (0.0, 1.0):  # all pairs point one way: no variance
            end = least_of_perfect(min(n, m))
            reason = "the classes do not overlap: the interval is that of as many pairs as the smaller one has cases"
            return Estimate(auc, end if auc else 0.0, 1.0 if auc else 1 - end, p, reason=reason)
        ranks = rankdata(np.concatenate([high, low]))
        above = (
            ranks[:n] - rankdata(high)
        ) / m  # of each case with the outcome, the share of the others that are lower
        below = 1 - (ranks[n:] - rankdata(low)) / n
        spread = math.sqrt(above.var(ddof=1) / n + below.var(ddof=1) / m)
        logit, width = math.log(auc / (1 - auc)), spread / (auc * (1 - auc))
        ends = [1 / (1 + math.exp(-(logit + side * NORMAL * width))) for side in (-1, 1)]
        return Estimate(auc, ends[0], ends[1], p, logit, width)
