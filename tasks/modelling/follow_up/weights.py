"""What each case counts at each day where some are censored before it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from features.core.outcome import Outcome
from tasks.modelling.censoring import Censoring

Floats = NDArray[np.float64]


def weights_by_day(outcome: Outcome, censoring: Censoring, days: Floats) -> tuple[Floats, Floats]:
    """(n,) what a case counts from the day of its event on, 0 without one; (k,) what one counts that is known to be free at a day.

    They are 1/G(t−) at the day t of an event of any cause, and 1/G(day−): whoever is followed until the day, and had no event by
    then, is known to be free of it, also where follow-up ends on that very day, as where a trial ends. Graf et al., Stat Med
    1999;18:2529. days: (k,). Raises ValueError for a day until which no training case is followed.
    """
    assert outcome.days is not None
    last = censoring.last
    if len(days) and float(days.max()) > last:
        raise ValueError(f"no training case is followed until day {days.max():g}; the last one is until day {last:g}")
    own = np.zeros(len(outcome))
    seen = outcome.flag & (outcome.days <= (days.max() if len(days) else 0.0))
    own[seen] = 1.0 / censoring.free_before(outcome.days[seen])
    return own, 1.0 / censoring.free_before(np.asarray(days, np.float64))


def free_at(outcome: Outcome, days: Floats) -> NDArray[np.bool_]:
    """Who is known to be free of every event at each day, (n, k): followed longer, or until then without an event."""
    assert outcome.days is not None
    time = outcome.days[:, None]
    return np.asarray((time > days) | ((time == days) & ~outcome.flag[:, None]))


def weight_table(outcome: Outcome, censoring: Censoring, days: Floats) -> Floats:
    """What each case counts at each day, (n, k): 0 once it was censored. Raises ValueError as weights_by_day."""
    own, longer = weights_by_day(outcome, censoring, days)
    return np.where(free_at(outcome, days), longer, np.where(outcome.days[:, None] <= days, own[:, None], 0.0))  # type: ignore[index]
