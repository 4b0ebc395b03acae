"""What could not be used, counted by cohort, centre, stage and code."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, Literal

from tasks.reports.quarantine_rows import quarantine_rows
from tasks.reports.section import Findings, Section


class Quarantine(Section):
    """Counts of files and values that were rejected, with what the codes mean."""

    kind: Literal["quarantine"] = "quarantine"
    order: ClassVar[int] = 80

    def content(self, found: Findings) -> Mapping[str, object]:
        return {"quarantine": quarantine_rows(found.facts.quarantine)}
