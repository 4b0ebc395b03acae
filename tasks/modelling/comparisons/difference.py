"""Difference: how much better one candidate scored than another on the same cases."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Difference:
    """value: first less second. low, high: its 95 % interval; p: two-sided; None where there is no test, with the reason."""

    value: float | None
    low: float | None = None
    high: float | None = None
    p: float | None = None
    reason: str = ""
