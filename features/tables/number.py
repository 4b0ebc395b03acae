"""Numbers as they stand in tables: digits, one decimal sign, an exponent; nothing else."""

from __future__ import annotations

import math
import re

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

_PATTERNS = {
    sign: rf"[+-]?([0-9]+({re.escape(sign)}[0-9]*)?|{re.escape(sign)}[0-9]+)([eE][+-]?[0-9]+)?" for sign in ".,"
}


def parse_number(cell: str, decimal: str) -> float | None:
    """The finite number in a cell, or None: thousands separators, other decimal signs, nan and inf are not numbers.

    >>> parse_number("1,5", ","), parse_number("1.234,5", ",")
    (1.5, None)
    """
    if not re.fullmatch(_PATTERNS[decimal], cell):
        return None
    number = float(cell.replace(decimal, "."))
    return number if math.isfinite(number) else None


def parse_numbers(
    cells: pa.ChunkedArray, decimal: str, missing: pa.Array
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """As `parse_number` for many cells at once: NaN where a cell is missing or no number, and whether it is none, (n,)."""
    values, wrong = [np.empty(0)], [np.empty(0, bool)]
    for chunk in cells.chunks:
        absent = pc.is_in(chunk, missing)
        fits = pc.match_substring_regex(chunk, rf"^({_PATTERNS[decimal]})$")
        digits = pc.if_else(pc.and_not(fits, absent), chunk, pa.scalar(None, chunk.type))
        digits = pc.utf8_ltrim(digits, "+")
        if decimal != ".":
            digits = pc.replace_substring(digits, decimal, ".")
        found = digits.cast(pa.float64()).to_numpy(zero_copy_only=False)
        finite = np.isfinite(found)
        values.append(np.where(finite, found, np.nan))
        wrong.append(~finite & ~absent.to_numpy(zero_copy_only=False))
    return np.concatenate(values), np.concatenate(wrong)
