"""TableDays: what the tables of visits of a cohort tell."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

Place = tuple[str, str]  # pseudonym of the patient, time point


@dataclass(frozen=True)
class TableDays:
    """days: own day of each visit. centres: patient → centre, where a table tells it. tolerance_days: see VisitTable."""

    days: Mapping[Place, float] = field(default_factory=dict)
    centres: Mapping[str, str] = field(default_factory=dict)
    tolerance_days: int = 0
