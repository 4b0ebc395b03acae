"""CsvCells: chosen columns of CSV text, read by pyarrow block by block.

Where a block holds cells that pyarrow takes for no numbers, or may take for others than `features/tables/number.py`, it is
read again as text. Columns with such cells are text from then on.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Collection, Mapping, Sequence
from itertools import compress

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray
from pyarrow import csv

from features.core.catalog.table_source import TextSource
from features.core.errors import ConfigError, Fault
from features.tables.cells import Cells, Odd, numbers_of_texts
from features.tables.files import some_rows, uneven_rows
from features.tables.number import parse_number
from features.tables.whole_rows import Rows, whole_rows

_LISTED = 11  # wrong cells of a column whose rows are kept


class CsvCells:
    """What was read up to here. lines: of the file before its first row; size: about how many bytes of text there are."""

    def __init__(
        self,
        source: TextSource,
        header: Sequence[str],
        texts: Sequence[str],
        numbers: Sequence[str],
        *,
        lines: int,
        size: int,
    ) -> None:
        self._source, self._line, self._size, self._seen = source, lines, size, 0
        self._columns = [f"{i}" for i in range(len(header))]  # names may stand twice
        place = dict(zip(header, self._columns, strict=True))
        self._texts = {name: place[name] for name in texts}
        self._numbers = {name: place[name] for name in numbers}
        self._wordy = set[str]()  # columns of numbers that are read as text
        self._cells: dict[str, list[str]] = {name: [] for name in texts}
        self._values, self._lines = np.empty((len(numbers), 0)), [np.empty(0, np.int64)]
        self._rows, self._odd = 0, dict[str, Odd]()
        self._uneven, self._stray = list[int](), list[int]()
        codes = (parse_number(code, source.decimal) for code in source.missing)
        self._codes = [code for code in codes if code is not None]

    def take(self, text: bytes) -> int:
        """Read the rows that end in a text, and return how many bytes they are. Raises ValueError (UnicodeError)."""
        rows = whole_rows(text, self._source.separator)
        if not rows.text:
            return 0
        if not text.isascii():
            str(rows.text, "utf-8")  # raises
        self._seen += len(rows.text)
        self._stray += (rows.stray + self._line).tolist()
        if not (rows.stray.size or self._add(rows, self._wordy) or self._add(rows, self._numbers.keys())):
            raise ValueError(f"rows up to {self._line + rows.lines[-1]} cannot be parsed")
        self._line += int(rows.lines[-1])
        return len(rows.text)

    def cells(self) -> Cells:
        """All of it. Raises ConfigError for rows that are longer or shorter than the header, or have stray quotes."""
        if self._stray:
            found = some_rows(self._stray)
            raise ConfigError([Fault(self._source.path, "cells go on after their closing quote", found)])
        if self._uneven:
            raise uneven_rows(self._source, self._uneven, len(self._columns))
        return Cells(np.concatenate(self._lines), self._cells, self._values[:, : self._rows], self._odd)

    def _add(self, rows: Rows, wordy: Collection[str]) -> bool:
        """Keep the cells of rows. wordy: columns of numbers to read as text; False if pyarrow may not read all others."""
        types = dict.fromkeys(self._texts.values(), pa.string())
        types |= {place: pa.string() if name in wordy else pa.float64() for name, place in self._numbers.items()}
        try:
            table, left_out = self._parsed(rows, types)
        except pa.ArrowInvalid:  # its message shows the cell
            return False
        lines = rows.lines + self._line
        uneven = [int(lines[row]) for row, is_blank in left_out.items() if not is_blank]
        lines = np.delete(lines, [*left_out])
        if lines.size != table.num_rows:
            return False
        values, odd = self._room(lines.size), dict[str, Odd]()
        is_wordy = np.array([name in wordy for name in self._numbers], bool)
        if lines.size and not is_wordy.all():
            plain = self._plain(table.select([place for name, place in self._numbers.items() if name not in wordy]))
            if plain is None:
                return False
            values[slice(None) if not wordy else ~is_wordy] = plain  # a slice is copied faster than a mask
        if wordy:
            written = {name: table[place] for name, place in self._numbers.items() if name in wordy}
            values[is_wordy], odd = self._read_as_text(written, lines)
        texts = {name: [cell.strip() for cell in table[place].to_pylist()] for name, place in self._texts.items()}
        kept = ~self._blank(rows, texts, values)
        self._uneven += uneven
        self._lines.append(lines[kept])
        for name, cells in texts.items():
            self._cells[name] += compress(cells, kept)
        for name, one in odd.items():
            before = self._odd.get(name, Odd(0, (), one.word))
            self._odd[name] = Odd(before.count + one.count, (before.lines + one.lines)[:_LISTED], before.word)
        count = int(kept.sum())
        if count < kept.size:
            values[:, :count] = values[:, kept]
        self._rows += count
        return True

    def _room(self, rows: int) -> NDArray[np.float64]:
        """Where the next rows go. There shall be as many in all as there are in the text that was seen."""
        end = self._rows + rows
        if end > self._values.shape[1]:
            values = np.empty((len(self._values), int(end * max(1.05 * self._size / self._seen, 1.1)) + 16))
            values[:, : self._rows] = self._values[:, : self._rows]
            self._values = values
        return self._values[:, self._rows : end]

    def _parsed(self, rows: Rows, types: Mapping[str, pa.DataType]) -> tuple[pa.Table, dict[int, bool]]:
        """Columns of the rows that are as wide as the header; the places of the others, and whether they are blank."""
        left_out: dict[int, bool] = {}
        sign = re.escape(self._source.separator)
        cell = rf'("\s*"|[^\S{sign}]*)'

        def leave_out(row: csv.InvalidRow) -> str:
            left_out[row.number - 1] = re.fullmatch(f"{cell}({sign}{cell})*", row.text) is not None
            return "skip"

        begins_with_mark = (
            bytes(rows.text[:3]) == codecs.BOM_UTF8
        )  # pyarrow takes off one, wherever the rows stand in the file
        text = codecs.BOM_UTF8 + rows.text if begins_with_mark else rows.text
        table = csv.read_csv(
            pa.BufferReader(text),
            csv.ReadOptions(use_threads=False, block_size=len(text) + 1, column_names=self._columns),
            csv.ParseOptions(
                delimiter=self._source.separator,
                quote_char='"' if rows.has_quotes else False,
                newlines_in_values=rows.has_quotes,
                ignore_empty_lines=False,
                invalid_row_handler=leave_out,
            ),
            csv.ConvertOptions(
                column_types=types,
                include_columns=[*types] or self._columns[:1],
                null_values=["", *self._source.missing],
                decimal_point=self._source.decimal,
            ),
        )
        return table, left_out

    def _plain(self, table: pa.Table) -> NDArray[np.float64] | None:
        """Numbers as pyarrow has read them, (columns, rows); None if the text of some has to be looked at."""
        (batch,) = table.to_batches()
        values = batch.to_tensor(null_to_nan=True, row_major=False).to_numpy().T
        known = values.size - sum(column.null_count for column in batch.columns)
        is_odd = np.isfinite(values).sum() != known or any((values == code).any() for code in self._codes)
        return None if is_odd else values

    def _read_as_text(
        self, columns: Mapping[str, pa.ChunkedArray], lines: NDArray[np.int64]
    ) -> tuple[NDArray[np.float64], dict[str, Odd]]:
        trimmed = {name: pc.utf8_trim_whitespace(cells) for name, cells in columns.items()}
        values = np.empty((len(columns), lines.size))
        odd = numbers_of_texts(self._source, trimmed, lines, values)
        self._wordy |= {name for name, cells in columns.items() if name in odd or not cells.equals(trimmed[name])}
        return values, odd

    def _blank(self, rows: Rows, texts: Mapping[str, Sequence[str]], values: NDArray[np.float64]) -> NDArray[np.bool_]:
        """Which rows are empty in all columns, also in those that nobody asked for."""
        blank = np.ones(values.shape[1], bool)
        for cells in texts.values():
            blank &= np.array([not cell for cell in cells], bool)
        blank[blank] = np.isnan(values[:, blank]).all(axis=0)
        if blank.any():
            table, _ = self._parsed(rows, dict.fromkeys(self._columns, pa.string()))
            for column in table.columns:
                blank &= pc.equal(pc.utf8_trim_whitespace(column), "").to_numpy()
        return blank
