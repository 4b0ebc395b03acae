"""Dates moved by the same number of days for a patient, so that intervals stay and the calendar does not."""

from __future__ import annotations

import hmac
import re
from datetime import date, timedelta

_DATE = re.compile(r"[0-9]{8}")
_DATETIME = re.compile(r"([0-9]{8})([0-9]{0,6}(?:\.[0-9]{1,6})?(?:[+-][0-9]{4})?)")
_TIME = re.compile(r"[0-9]{2,6}(\.[0-9]{1,6})?")
SPAN_DAYS = 3650


def offset_days(key: bytes, cohort: str, patient: str) -> int:
    """How many days the dates of a pseudonym go back: 365 to 4014, known only with the key."""
    code = hmac.digest(key, f"\0dates\0{cohort}\0{patient}".encode(), "sha256")
    return 365 + int.from_bytes(code[:8], "big") % SPAN_DAYS


def shift_date(text: str, days: int) -> str:
    """A date as DICOM writes it (DA), `days` earlier; empty if it is none, or would lie before the year 1.

    >>> shift_date("20240301", 1)
    '20240229'
    """
    try:
        moved = date.fromisoformat(text) - timedelta(days) if _DATE.fullmatch(text) else None
    except (ValueError, OverflowError):
        moved = None
    return f"{moved.year:04}{moved.month:02}{moved.day:02}" if moved else ""


def shift_datetime(text: str, days: int) -> str:
    """The same for a date with time (DT); the time of day stays. A date without a day becomes empty."""
    match = _DATETIME.fullmatch(text)
    moved = shift_date(match[1], days) if match else ""
    return moved + match[2] if match and moved else ""


def is_time(text: str) -> bool:
    """Whether a text is a time of day (TM)."""
    return bool(_TIME.fullmatch(text))
