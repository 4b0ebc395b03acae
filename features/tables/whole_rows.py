"""whole_rows: where the rows of CSV text end (RFC 4180), and quotes that are not written so.

pyarrow reads the cell `"1"0` as 10, and takes the rest of a file for one cell if its quote is never closed.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

_QUOTE, _LF, _CR = (ord(sign) for sign in '"\n\r')


@dataclass(frozen=True, eq=False)
class Rows:
    """The whole rows at the beginning of a text.

    lines: the last line of each, from 1, (rows,). stray: lines of cells that go on after their closing quote. has_quotes:
    whether there may be quotes.
    """

    text: memoryview
    has_quotes: bool
    lines: NDArray[np.int64]
    stray: NDArray[np.int64]


def whole_rows(text: bytes, separator: str) -> Rows:
    """The rows that end in a text: with LF, CRLF or CR outside quotes.

    >>> whole_rows(b'a,1\\nb,"2\\n3"\\nc', ",").lines.tolist()
    [1, 3]
    """
    if b'"' not in text and b"\r" not in text:
        count, size = text.count(b"\n"), text.rfind(b"\n") + 1
        return Rows(memoryview(text)[:size], False, np.arange(1, count + 1), np.empty(0, np.int64))
    array = np.frombuffer(text + b"\n", np.uint8)  # a CR at the end may be half of a CRLF
    ends = np.flatnonzero((array[:-1] == _LF) | (array[:-1] == _CR) & (array[1:] != _LF))
    quotes, stray = _quotes(text, separator)
    lines = np.flatnonzero(np.searchsorted(quotes, ends) % 2 == 0)
    size = int(ends[lines[-1]]) + 1 if lines.size else 0
    return Rows(memoryview(text)[:size], True, lines + 1, np.searchsorted(ends, stray[stray < size]) + 1)


def _quotes(text: bytes, separator: str) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Places of quotes that open, close or are doubled in a cell, in turn; and of those after which a closed cell goes on."""
    array = np.frombuffer(b"\n%b\n" % text, np.uint8)
    places = np.flatnonzero(array == _QUOTE)
    borders = np.frombuffer(separator.encode() + b'\r\n"', np.uint8)
    if np.isin(array[places[::2] - 1], borders).all() and np.isin(array[places[1::2] + 1], borders).all():
        return places - 1, np.empty(0, np.int64)
    border = re.escape(separator.encode()) + rb"\r\n"  # others stand inside of cells (5'10"), and mean nothing there
    cell = rb'(?<![^%b])"[^"]*+(?:""[^"]*+)*+(?P<closing>"(?P<stray>[^%b])?)?' % (border, border)
    found, stray = list[int](), list[int]()
    for match in re.finditer(cell, text):
        found.append(match.start())
        if match["closing"]:
            found.append(match.start("closing"))
        if match["stray"]:
            stray.append(match.start("closing"))
    return np.array(found, np.int64), np.array(stray, np.int64)
