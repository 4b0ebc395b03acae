"""Log-rank test between two groups."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from features.core.wording import counted


def logrank_p(
    time: NDArray[np.float64], event: NDArray[np.bool_], group: NDArray[np.bool_]
) -> tuple[float | None, str]:
    """(p, "") of the two-sided log-rank test of `group` against the rest, or (None, reason) where it is undefined.

    Mantel, Cancer Chemother Rep 1966;50:163.
    """
    sizes = int(group.sum()), int((~group).sum())
    if not all(sizes):
        return None, f"one risk group is empty: {counted(sizes[0], 'case')} of high and {sizes[1]} of low risk"
    if not event.any():
        return None, "no event was seen"
    from lifelines.statistics import logrank_test  # takes a while, and many studies follow nobody

    p = float(logrank_test(time[group], time[~group], event[group], event[~group]).p_value)
    return (p, "") if np.isfinite(p) else (None, "nobody is at risk in both groups at any event")
