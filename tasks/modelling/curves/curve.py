"""Curve: a share of cases over follow-up, with its interval."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Curve:
    """Steps: at days[i] the share becomes share[i], with its 95 % interval. What it is a share of, the maker says.

    risk_days, at_risk: numbers at risk just before the days of an axis' ticks. events: cases with the event of the curve.
    """

    days: tuple[float, ...]
    share: tuple[float, ...]
    low: tuple[float, ...]
    high: tuple[float, ...]
    risk_days: tuple[float, ...]
    at_risk: tuple[int, ...]
    n: int
    events: int
