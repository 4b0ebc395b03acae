"""ArrowFile: Parquet and Feather (Arrow IPC) files as TableFiles. Columns have types there, and nulls are missing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as ds

from features.core.catalog.table_source import TextSource
from features.tables.cells import Cells, Odd, numbers_of_texts
from features.tables.files import reading

FORMATS = {".parquet": "parquet", ".pq": "parquet", ".feather": "feather", ".arrow": "feather"}
_INDEX = "__index_level_0__"  # as pandas calls an index without a name, which it writes as "" to CSV


class ArrowFile:
    """A Parquet or Feather file. Raises ConfigError if it cannot be read."""

    def __init__(self, path: Path, source: TextSource) -> None:
        self._source = source
        with reading(source, bytes):
            self._data = ds.dataset(path, format=FORMATS[path.suffix.lower()])
        self._names = list(self._data.schema.names)
        self.header: Sequence[str] = ["" if name == _INDEX else name.strip() for name in self._names]

    def read(self, texts: Sequence[str], numbers: Sequence[str]) -> Cells:
        written = {name: self._names[self.header.index(name)] for name in (*texts, *numbers)}
        with reading(self._source, bytes):
            columns = {word: ds.field(word) for word in dict.fromkeys(written.values())}
            table = self._data.to_table(columns=columns)
            return cells_of_columns(
                self._source, {name: table[word] for name, word in written.items()}, texts, numbers, table.num_rows
            )


def cells_of_columns(
    source: TextSource, columns: Mapping[str, pa.ChunkedArray], texts: Sequence[str], numbers: Sequence[str], rows: int
) -> Cells:
    """Typed columns as Cells. Of numbers, NaN is missing; what is neither number nor text (dates, lists) is no number."""
    lines = np.arange(1, rows + 1)
    values, odd = np.empty((len(numbers), rows)), dict[str, Odd]()
    for i, name in enumerate(numbers):
        column = columns[name]
        if is_text(column.type):
            odd |= numbers_of_texts(source, {name: _trimmed(column)}, lines, values[i : i + 1])
            continue
        if is_number(column.type):
            values[i] = column.cast(pa.float64(), safe=False).to_numpy()
            wrong = np.isinf(values[i])
        else:
            values[i] = np.nan
            wrong = column.is_valid().to_numpy()
        if wrong.any():
            values[i][wrong] = np.nan
            word = "inf" if is_number(column.type) else ""
            odd[name] = Odd(int(wrong.sum()), tuple(lines[wrong][:11].tolist()), word)
    return Cells(lines, {name: _texts(columns[name]) for name in texts}, values, odd)


def is_number(kind: pa.DataType) -> bool:
    return bool(
        pa.types.is_integer(kind)
        or pa.types.is_floating(kind)
        or pa.types.is_boolean(kind)
        or pa.types.is_decimal(kind)
    )


def is_text(kind: pa.DataType) -> bool:
    if pa.types.is_dictionary(kind):
        kind = kind.value_type
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind))


def _trimmed(column: pa.ChunkedArray) -> pa.ChunkedArray:
    return pc.fill_null(pc.utf8_trim_whitespace(column.cast(pa.large_string())), "")


def _texts(column: pa.ChunkedArray) -> list[str]:
    """Cells as text, as CSV would hold them: whole numbers without decimals, "" where null."""
    return [_text(cell).strip() for cell in column.to_pylist()]


def _text(cell: object) -> str:
    if cell is None or cell != cell:
        return ""
    return str(int(cell)) if isinstance(cell, float) and cell.is_integer() else str(cell)
