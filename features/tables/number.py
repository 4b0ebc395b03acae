"""Numbers as they stand in tables: digits, one decimal sign, an exponent; nothing else."""

from __future__ import annotations

import math
import re

_FORMS = {
    sign: re.compile(rf"[+-]?(\d+({re.escape(sign)}\d*)?|{re.escape(sign)}\d+)([eE][+-]?\d+)?", re.ASCII)
    for sign in ".,"
}


def parse_number(cell: str, decimal: str) -> float | None:
    """The finite number in a cell, or None: thousands separators, other decimal signs, nan and inf are not numbers.

    >>> parse_number("1,5", ","), parse_number("1.234,5", ",")
    (1.5, None)
    """
    if not _FORMS[decimal].fullmatch(cell):
        return None
    number = float(cell.replace(decimal, "."))
    return number if math.isfinite(number) else None
