"""check_no_id: that no id of a patient stands in a draft, whatever it was drafted from."""

from __future__ import annotations

import re
from collections.abc import Collection
from pathlib import Path

from features.core.errors import DataError

SHORTEST = 4  # letters of an id; shorter ones are found in words that mean something else


def check_no_id(text: str, patients: Collection[str], folder: Path) -> None:
    """Raises DataError, which does not repeat it, if the id of a patient of the images stands in a text as a word."""
    for number, line in enumerate(text.splitlines(), start=1):
        if any(_holds(line, one) for one in patients if len(one) >= SHORTEST):
            if line.strip().startswith("root:") or number <= 8:
                what = "the name of the folder holds the id of a patient, which would stand in the catalog"
                raise DataError(f"{what}: rename it, or give the folder above it: radweave init {folder.parent}")
            key = line.strip(" -#").partition(":")[0]
            what = f'the id of a patient would stand in the catalog (line {number}, "{key if key.isidentifier() else "…"}")'
            raise DataError(f"{what}, so nothing was written: rename the table, column or folder that is called so")


def _holds(line: str, patient: str) -> bool:
    return patient.lower() in line.lower() and bool(
        re.search(rf"(?<![A-Za-z0-9]){re.escape(patient)}(?![A-Za-z0-9])", line, re.IGNORECASE)
    )
