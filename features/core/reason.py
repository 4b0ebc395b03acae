"""Reason: what a quarantine code means."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Reason:
    """What a quarantine code means and what a data manager can do about it."""

    means: str
    remedy: str
