"""Dates by their declared format: never inferred, with a century, and none in the future."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime

from features.core.errors import Fault

EARLIEST = 1900  # years before are typing errors: 0219, 1019


def parse_dates(
    cells: Sequence[str | None], form: str, latest: date, where: str, faults: list[Fault]
) -> list[date | None]:
    """The days of cells; None where a cell is None. Cells that are no such date are listed as faults, never shown."""
    dates: list[date | None] = []
    wrong = impossible = 0
    for cell in cells:
        try:
            day = None if cell is None else datetime.strptime(cell, form).date()
        except ValueError:
            day, wrong = None, wrong + 1
        if day and not (day.year >= EARLIEST and day <= latest):
            day, impossible = None, impossible + 1
        dates.append(day)
    if wrong:
        hint = 'Excel\'s own dates are read as "%Y-%m-%d %H:%M:%S"'
        faults.append(Fault(where, f"{wrong} cells are not dates of the declared format", "", form, hint))
    if impossible:
        allowed = f"dates from {EARLIEST} to {latest.isoformat()}"
        hint = "correct them, add their codes to missing, or declare as_of"
        faults.append(Fault(where, f"{impossible} dates cannot be", "", allowed, hint))
    return dates
