"""Tables as CSV, by the same bytes each time."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence

Cell = str | int | float


def csv_bytes(rows: Sequence[Sequence[Cell]], separator: str = ",") -> bytes:
    """The rows, the first of which holds the names, as UTF-8 with plain line ends."""
    text = io.StringIO()
    csv.writer(text, delimiter=separator, lineterminator="\n").writerows(rows)
    return text.getvalue().encode("utf-8")
