"""What could not be used, counted by cohort, centre, stage and code."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, Literal

from tasks.reports.association_section import AssociationFindings, AssociationSection
from tasks.reports.quarantine_rows import quarantine_rows


class Quarantine(AssociationSection):
    """Counts of files and values that were rejected, with what the codes mean."""

    kind: Literal["quarantine"] = "quarantine"
    order: ClassVar[int] = 80
    is_shared: ClassVar[bool] = True

    def content(self, found: AssociationFindings) -> Mapping[str, object]:
        return {"quarantine": quarantine_rows(found.facts.quarantine)}
