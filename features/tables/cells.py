"""Cells: chosen columns of a table file, as numbers and as texts; the same for every format."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from features.core.catalog.table_source import TextSource
from features.tables.number import parse_numbers

# Words that spreadsheets and programs write for what is no number: a message may show them, other cells may be ids.
_SPOKEN = """
    nan inf -inf +inf infinity none null n/a na - -- . ?
    #name? #n/a #value! #ref! #div/0! #num! #null!
"""
SPOKEN = frozenset(_SPOKEN.split())


@dataclass(frozen=True, slots=True)
class Odd:
    """Cells of a column that are neither numbers nor missing. lines: rows of the first ten; word: the first cell, cut."""

    count: int
    lines: tuple[int, ...]
    word: str = ""


@dataclass(frozen=True, eq=False)
class Cells:
    """Rows of a table file that are not empty.

    lines: their rows in the file, from 1 with the header (of files without lines, their number), (n,). texts: column →
    cells, stripped. numbers: (columns, n), NaN where a cell is missing or no finite number. odd: of columns that hold such
    cells.
    """

    lines: NDArray[np.int64]
    texts: Mapping[str, Sequence[str]]
    numbers: NDArray[np.float64]
    odd: Mapping[str, Odd]


class TableFile(Protocol):
    """An open table: the names of its columns, and the cells of those that are asked for."""

    @property
    def header(self) -> Sequence[str]: ...

    def read(self, texts: Sequence[str], numbers: Sequence[str]) -> Cells:
        """Cells of columns, each of them once in the header, and either a text or a number. Raises ConfigError."""


def numbers_of_texts(
    source: TextSource, columns: Mapping[str, pa.ChunkedArray], lines: NDArray[np.int64], numbers: NDArray[np.float64]
) -> dict[str, Odd]:
    """Texts as numbers, column by column into `numbers`, and which are none."""
    odd = {}
    for i, (name, cells) in enumerate(columns.items()):
        missing = pa.array(["", *source.missing], cells.type)
        numbers[i], wrong = parse_numbers(cells, source.decimal, missing)
        if wrong.any():
            first = int(np.flatnonzero(wrong)[0])
            odd[name] = Odd(int(wrong.sum()), tuple(lines[wrong][:11].tolist()), str(cells[first].as_py())[:12])
    return odd
