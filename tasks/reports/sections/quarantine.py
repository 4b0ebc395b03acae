"""What could not be used, counted by cohort, centre, stage and code."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import ClassVar, Literal

import pandas as pd

from features.core.quarantine import REASONS
from tasks.reports.section import Findings, Section


class Quarantine(Section):
    """Counts of files and values that were rejected, with what the codes mean."""

    kind: Literal["quarantine"] = "quarantine"
    order: ClassVar[int] = 80

    def content(self, found: Findings) -> Mapping[str, object]:
        return {"quarantine": quarantine_rows(found.facts.quarantine)}


def quarantine_rows(quarantine: pd.DataFrame) -> tuple[tuple[str, ...], ...]:
    """Cohort, centre, image, stage, code, meaning and number of rows. Case ids, messages and details stay out."""
    if quarantine.empty:
        return ()
    keys = ["cohort", "centre", "image", "stage", "code"]
    sizes = Counter(quarantine[keys].fillna("").astype(str).itertuples(index=False, name=None))
    return tuple(
        (*row, REASONS[row[4]].means if row[4] in REASONS else "", str(count)) for row, count in sorted(sizes.items())
    )
