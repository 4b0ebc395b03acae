"""Scan: numbers and texts out of the bytes of a CSV file in one pass, compiled; for tables of thousands of columns.

Cells and quotes are those of RFC 4180; lines end with LF, CRLF or CR. What a number is says `features/tables/number.py`.
"""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from features.tables.decimal_text import DIGITS, to_bits

SKIP = -1  # role of a column that nobody asked for; a number's role is its place, a text's is TEXT - place
TEXT = -2
ROWS, LINES, UNEVEN, MALFORMED, LONG = range(5)  # places in `at`
LISTED, WORD = 11, 12  # wrong cells whose rows are kept of a column, and letters of the first one
_NAN = np.uint64(0x7FF8000000000000)
_INFINITE = np.uint64(0x7FF0000000000000)
_SIGN = np.uint64(1 << 63)
_LF, _CR, _QUOTE, _PLUS, _MINUS, _E, _SMALL_E = (np.uint8(ord(sign)) for sign in '\n\r"+-Ee')
_ZERO, _BLANK, _TAB = (np.uint8(ord(sign)) for sign in "0 \t")
_NINE = np.uint8(9)


@njit(cache=True)
def scan(
    data: NDArray[np.uint8],
    end: int,
    separator: int,
    decimal: int,
    roles: NDArray[np.int64],
    codes: NDArray[np.uint8],
    code_ends: NDArray[np.int64],
    fives: NDArray[np.uint64],
    at: NDArray[np.int64],
    bits: NDArray[np.uint64],
    spans: NDArray[np.int64],
    lines: NDArray[np.int64],
    wrong: NDArray[np.int64],
    wrong_lines: NDArray[np.int64],
    words: NDArray[np.uint8],
    odd_lines: NDArray[np.int64],
    long_cells: NDArray[np.int64],
) -> int:
    """Read whole rows of data[:end], and return where the first row begins that was not read.

    It stops at the end, before a row that is not whole, or where `bits`, `spans` or `long_cells` are full; data end with a
    line, or it is not whole. roles: of each
    column. codes, code_ends: texts that mean missing, one behind the other. at: rows, lines, uneven rows, rows with stray
    quotes (lines of the first of them in `odd_lines`) and long cells up to here. bits: of the numbers, (columns, rows), NaN where
    missing or wrong. spans: first and last place of texts since this call, (columns, rows of this call, 2), quotes
    included. lines: last line of each row. wrong: cells of each number's column that are none, with the lines of the first
    ones and the first word. long_cells: column, row, first and last place of numbers that Python has to read.
    """
    width, i = roles.size, 0
    slots, firsts, lasts = np.empty(width, np.int64), np.empty(width, np.int64), np.empty(width, np.int64)
    first_row = at[ROWS]
    while i < end:
        row, long_before = at[ROWS], at[LONG]
        is_full = row == bits.shape[1] or row - first_row == spans.shape[1]
        if is_full or long_cells.shape[0] - long_before < width:
            return i
        row_begin, column, line, n_wrong, is_blank, is_stray = i, 0, at[LINES] + 1, 0, True, False
        while True:
            role = roles[column] if column < width else SKIP
            first = i
            if role >= 0:  # most cells are numbers up to the next sign
                i, found, is_number, is_long = _number(data, i, end, decimal, fives)
                if i < end and is_number and not is_long:
                    sign = data[i]
                    if sign == separator or sign == _LF or sign == _CR:  # noqa: SIM109 - compiled
                        is_blank = False
                        bits[role, row] = found
                        column += 1
                        i += 1
                        if sign == separator:
                            continue
                        break
                i = first
            if i < end and data[i] == _QUOTE:
                i += 1
                while i < end:
                    if data[i] == _QUOTE:
                        if i + 1 < end and data[i + 1] == _QUOTE:
                            i += 1
                        else:
                            break
                    elif data[i] == _LF:
                        line += 1
                    i += 1
                i += 1
                closed = i
                while i < end and data[i] != separator and data[i] != _LF and data[i] != _CR:
                    i += 1
                is_stray |= i > closed
                begin, stop = first + 1, closed - 1
            else:
                while i < end and data[i] != separator and data[i] != _LF and data[i] != _CR:
                    i += 1
                begin, stop = first, i
            if i >= end:
                at[LONG] = long_before
                return row_begin
            while begin < stop and (data[begin] == _BLANK or data[begin] == _TAB):
                begin += 1
            while stop > begin and (data[stop - 1] == _BLANK or data[stop - 1] == _TAB):
                stop -= 1
            is_blank &= begin == stop
            if role >= 0:
                bits[role, row] = _NAN
                if begin < stop and not _is_code(data, begin, stop, codes, code_ends):
                    past, found, is_number, is_long = _number(data, begin, stop, decimal, fives)
                    if past < stop or not is_number:
                        slots[n_wrong], firsts[n_wrong], lasts[n_wrong] = role, begin, stop
                        n_wrong += 1
                    elif is_long:
                        cell = long_cells[at[LONG]]
                        cell[0], cell[1], cell[2], cell[3] = role, row, begin, stop
                        at[LONG] += 1
                    else:
                        bits[role, row] = found
            elif role <= TEXT:
                spans[TEXT - role, row - first_row, 0] = first
                spans[TEXT - role, row - first_row, 1] = i
            column += 1
            sign = data[i]
            i += 1
            if sign != separator:
                break
        if sign == _CR and i < end and data[i] == _LF:
            i += 1
        at[LINES] = line
        if is_blank or column != width or is_stray:
            at[LONG] = long_before
            if not is_blank:
                kind = MALFORMED if is_stray else UNEVEN
                if at[kind] < LISTED:
                    odd_lines[kind - UNEVEN, at[kind]] = line
                at[kind] += 1
            continue
        for k in range(n_wrong):
            slot = slots[k]
            if wrong[slot] < LISTED:
                wrong_lines[slot, wrong[slot]] = line
            if wrong[slot] == 0:
                for j in range(min(lasts[k] - firsts[k], WORD)):
                    words[slot, j] = data[firsts[k] + j]
            wrong[slot] += 1
        lines[row] = line
        at[ROWS] += 1
    return i


@njit(cache=True)
def _number(
    data: NDArray[np.uint8], i: int, end: int, decimal: int, fives: NDArray[np.uint64]
) -> tuple[int, np.uint64, bool, bool]:
    """Where the text of a number from i on ends, its bits, whether it is a finite one, and whether Python has to read it."""
    at, stop, one = np.uint64(i), np.uint64(end), np.uint64(1)  # nothing has to ask whether a place is negative
    is_negative = False
    if at < stop and (data[at] == _MINUS or data[at] == _PLUS):
        is_negative = data[at] == _MINUS
        at += one
    begin, digits, power = at, np.uint64(0), 0
    while at < stop and np.uint8(data[at] - _ZERO) <= _NINE:
        digits = digits * np.uint64(10) + np.uint64(data[at] - _ZERO)
        at += one
    seen = int(np.int64(at - begin))
    if at < stop and data[at] == decimal:
        at += one
        point = at
        while at < stop and np.uint8(data[at] - _ZERO) <= _NINE:
            digits = digits * np.uint64(10) + np.uint64(data[at] - _ZERO)
            at += one
        power = -int(np.int64(at - point))
        seen -= power
    if seen == 0:
        return int(np.int64(at)), _NAN, False, False
    is_cut = False
    if seen > DIGITS:
        digits, power, is_cut = _leading(data, int(np.int64(begin)), int(np.int64(at)))
    i = int(np.int64(at))
    if i < end and (data[i] == _E or data[i] == _SMALL_E):
        j, sign, shown, count = i + 1, 1, 0, 0
        if j < end and (data[j] == _MINUS or data[j] == _PLUS):
            sign = -1 if data[j] == _MINUS else 1
            j += 1
        while j < end and np.uint8(data[j] - _ZERO) <= _NINE:
            shown = min(shown * 10 + int(data[j] - _ZERO), 100_000)
            count += 1
            j += 1
        if count:
            power += sign * shown
            i = j
    found = to_bits(digits, power, fives)
    is_long = is_cut and found != to_bits(digits + np.uint64(1), power, fives)
    is_finite = found != _INFINITE
    return i, found | _SIGN if is_negative else found, is_finite, is_long


@njit(cache=True)
def _leading(data: NDArray[np.uint8], i: int, end: int) -> tuple[np.uint64, int, bool]:
    """The first 19 digits of a number without its leading zeros, their power of ten, and whether others were cut."""
    digits, kept, power, is_fraction, is_cut = np.uint64(0), 0, 0, False, False
    for j in range(i, end):
        digit = np.uint64(data[j] - _ZERO)
        if digit > np.uint64(9):
            is_fraction = True
        elif kept < DIGITS:
            digits = digits * np.uint64(10) + digit
            kept += digits != np.uint64(0)
            power -= is_fraction
        else:
            power += not is_fraction
            is_cut |= digit != np.uint64(0)
    return digits, power, is_cut


@njit(cache=True)
def _is_code(data: NDArray[np.uint8], begin: int, stop: int, codes: NDArray[np.uint8], ends: NDArray[np.int64]) -> bool:
    """Whether a cell is one of the texts that mean missing."""
    start = 0
    for end in ends:
        if end - start == stop - begin:
            is_equal = True
            for k in range(stop - begin):
                if data[begin + k] != codes[start + k]:
                    is_equal = False
                    break
            if is_equal:
                return True
        start = end
    return False
