"""What could not be used, counted, as rows of a table."""

from __future__ import annotations

from collections import Counter

import pandas as pd

from features.core.quarantine import REASONS


def quarantine_rows(quarantine: pd.DataFrame) -> tuple[tuple[str, ...], ...]:
    """Cohort, centre, image, stage, code, meaning and number of rows. Case ids, messages and details stay out."""
    if quarantine.empty:
        return ()
    keys = ["cohort", "centre", "image", "stage", "code"]
    sizes = Counter(quarantine[keys].fillna("").astype(str).itertuples(index=False, name=None))
    return tuple(
        (*row, REASONS[row[4]].means if row[4] in REASONS else "", str(count)) for row, count in sorted(sizes.items())
    )
