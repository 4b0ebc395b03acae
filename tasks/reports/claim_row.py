"""ClaimRow: a claim as a table shows it, whatever its study does."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class ClaimRow:
    """One claim. what: its combinations; where: metric and split; estimate: with its interval."""

    says: str
    what: str
    where: str
    estimate: str
    verdict: str
    why: str
