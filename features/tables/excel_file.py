"""ExcelFile: a sheet as a TableFile."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa

from features.core.catalog.table_source import TextSource
from features.core.errors import ConfigError
from features.tables.cells import Cells, numbers_of_texts
from features.tables.excel import Marks
from features.tables.files import text_rows


class ExcelFile:
    """A sheet of a workbook. Raises ConfigError as `excel_rows`, or for cells of a column that nobody may use."""

    def __init__(self, root: Path, source: TextSource) -> None:
        self._source, self._marks = source, Marks()
        rows = list(text_rows(root, source, self._marks))
        self.header: Sequence[str] = [name.strip() for name in rows[0][1]] if rows else []
        self._rows = rows[1:]

    def read(self, texts: Sequence[str], numbers: Sequence[str]) -> Cells:
        places = {name: self.header.index(name) for name in (*texts, *numbers)}
        if faults := self._marks.faults(self._source, [place + 1 for place in places.values()]):
            raise ConfigError(faults)
        cells = {name: [row[place].strip() for _, row in self._rows] for name, place in places.items()}
        lines = np.array([number for number, _ in self._rows], np.int64)
        values = np.empty((len(numbers), len(lines)))
        columns = {name: pa.chunked_array([pa.array(cells[name], pa.large_string())]) for name in numbers}
        odd = numbers_of_texts(self._source, columns, lines, values)
        return Cells(lines, {name: cells[name] for name in texts}, values, odd)
