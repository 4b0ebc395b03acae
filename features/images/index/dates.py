"""Dates of images, before their time points are known. They are never kept: see Pseudonyms.day."""

from __future__ import annotations

from datetime import date, datetime

MARK = "#"  # begins what stands for a time point until all dates of its patient are known


def unnamed(day: int) -> str:
    """What stands for the time point of a shifted day until `name_visits` knows its word."""
    return f"{MARK}{day}"


def shifted_day(timepoint: str) -> int:
    """The day of what `unnamed` gave."""
    return int(timepoint.removeprefix(MARK))


def date_in(text: str, form: str = "") -> date | None:
    """The date that a text tells, in a format of strptime or, without one, as DICOM writes it (DA or DT); None if it is none."""
    try:
        return datetime.strptime(text if form else text[:8], form or "%Y%m%d").date()
    except ValueError:
        return None
