"""HorizonScore: a score of predictions at one day of follow-up, and the columns of what was predicted there."""

from __future__ import annotations

from dataclasses import dataclass

INCIDENCE_COLUMNS = ("split", "repeat", "fold", "blocks", "model", "case", "day", "incidence")


@dataclass(frozen=True, slots=True)
class HorizonScore:
    """A metric at one day of one candidate on one set of blocks under one split, all centres together.

    cohort, value, low, high, n, reason, interval_of, lowest, highest: as in Score. events: cases that had the event of interest by
    the day. followed: cases that are followed until the day, without any event by then; the rest is censored, or had another event.
    """

    split: str
    blocks: str
    model: str
    metric: str
    day: float
    cohort: str
    value: float | None
    low: float | None
    high: float | None
    n: int
    events: int
    followed: int
    reason: str
    interval_of: str
    lowest: float | None
    highest: float | None
