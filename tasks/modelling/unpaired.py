"""Why no pair of cases can be compared, in words for the report."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from features.core.wording import counted
from tasks.modelling.censoring import Censoring

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]


def no_pair(folds: Sequence[tuple[NDArray[np.intp], Bools]], what: str, where: str = "a fold") -> str:
    """Why no pair can be compared. folds: rows of the design, and which of them are what is counted."""
    every = np.concatenate([rows for rows, _ in folds])
    seen = np.concatenate([flag for _, flag in folds])
    rows, first = np.unique(every, return_index=True)
    return f"no comparable pair within {where}: {int(seen[first].sum())} of {counted(len(rows), 'case')} {what}"


def no_early_pair(
    metric: str,
    folds: Sequence[tuple[NDArray[np.intp], Bools, Floats | None, Censoring]],
    what: str,
    where: str = "a fold",
) -> str:
    """Why no pair can be compared by a metric that counts events before the limit of the censoring.

    folds: rows of the design, which of them had the event, their days, and the censoring of the training cases. An event that
    counts in any fold counts. Events that come too late are named with what ends the count; if others have nobody to be compared
    with, that is said too.
    """
    early, late = set[int](), set[int]()
    limits, by_horizon = set[float](), set[bool]()
    for rows, event, time, censoring in folds:
        assert time is not None
        counted = event & (time < censoring.limit)
        early |= set(rows[counted].tolist())
        late |= set(rows[event & ~counted].tolist())
        if (event & ~counted).any():
            limits.add(censoring.limit)
            by_horizon.add(censoring.limit == censoring.horizon)
    late -= early
    if not late:
        return no_pair([(rows, event) for rows, event, _, _ in folds], what, where)
    last = "the last event of the training cases"
    both = f"the horizon or {last}, whichever is earlier"
    ends = both if len(by_horizon) == 2 else "the horizon" if by_horizon == {True} else last
    day = f" (day {min(limits):g})" if len(limits) == 1 else ""
    counts = f"{metric.removesuffix('-index')} counts events before {ends}{day}"
    if not early:
        none = "the only event here is not" if len(late) == 1 else f"none of the {len(late)} events here is"
        return f"{counts}, and {none}"
    are = "is" if len(late) == 1 else "are"
    others = "the other one has" if len(early) == 1 else f"the other {len(early)} have"
    of_all = f"{len(late)} of {len(late) + len(early)} events here {are} not"
    return f"{counts}: {of_all}, and {others} nobody to be compared with in {where}"
