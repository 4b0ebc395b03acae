"""open_table: a table file of any format that is read, by its suffix."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa

from features.core.catalog.table_source import NUMBERED, TextSource
from features.core.errors import ConfigError, Fault
from features.core.pseudonym import canonical_id
from features.tables.cells import TableFile
from features.tables.files import EXCEL, TextTable, check_header, path_of, read_text_table, require, require_columns

HDF5 = (".h5", ".hdf5", ".hdf")
PICKLES = (".pkl", ".pickle", ".joblib", ".npy", ".npz", ".pt", ".rds", ".rdata")
READ = "CSV, TSV (also .gz), .xlsx, .parquet, .feather, .arrow, .h5"


def open_table(root: Path, source: TextSource) -> TableFile:
    """A table file with its header. Raises ConfigError if it is absent, cannot be read, or is a pickle or the like."""
    path = path_of(root, source)
    suffix = path.suffix.lower() if path.suffix.lower() != ".gz" else ".csv"
    if suffix in PICKLES or any(path.name.lower().endswith(f"{ending}.gz") for ending in PICKLES):
        what = "is a pickle or a file like it, which may run code when it is read, and is never opened"
        raise ConfigError([Fault(source.path, what, "", READ, "write the table again in one of these")])
    if not path.is_file():
        raise ConfigError([Fault(source.path, "there is no such table")])
    found = _opened(root, path, suffix, source)
    if not found.header:
        raise ConfigError([Fault(source.path, "the table is empty")])
    return found


def _opened(root: Path, path: Path, suffix: str, source: TextSource) -> TableFile:
    """The libraries of a format are imported where a table has it."""
    if suffix in EXCEL:
        from features.tables.excel_file import ExcelFile

        return ExcelFile(root, source)
    if suffix in HDF5:
        from features.tables.hdf5_file import Hdf5File

        return Hdf5File(path, source)
    if suffix in (".parquet", ".pq", ".feather", ".arrow"):
        from features.tables.arrow_file import ArrowFile

        return ArrowFile(path, source)
    from features.tables.delimited_file import DelimitedFile

    return DelimitedFile(path, source)


def read_columns(root: Path, source: TextSource, wanted: Sequence[str]) -> TextTable:
    """Chosen columns of a table file as text; of thousands of others nothing is kept. Raises ConfigError as `read_text_table`."""
    if path_of(root, source).suffix.lower() in EXCEL:
        text = read_text_table(root, source)
        require_columns(text, [name for name in wanted if name != source.id])
        return text
    file = open_table(root, source)
    ids = [] if source.id == NUMBERED else [source.id]
    names = [name for name in dict.fromkeys(wanted) if name not in ids]
    require(file.header, ids, source, show=True)
    require([name for name in file.header if name not in ids], names, source, show=True)
    check_header(file.header, source)
    found = file.read([*ids, *names], [])
    keys = (
        [canonical_id(cell) for cell in found.texts[source.id]]
        if ids
        else [f"{i + 1}" for i in range(len(found.lines))]
    )
    cells = [found.texts[name][i] for i in range(len(keys)) for name in names]
    places = tuple(file.header.index(name) + 1 for name in names)
    chunks = pa.chunked_array([pa.array(cells, pa.large_string())])
    return TextTable(source, tuple(keys), tuple(names), places, tuple(found.lines.tolist()), chunks)
