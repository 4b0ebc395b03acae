"""Hdf5File: a table of an HDF5 file as a TableFile. Needs h5py.

Three layouts are read: a dataset of records (what PyTables and R write), a group of datasets of one length, one for each
column, and a data frame that pandas wrote with `format="fixed"`, its index under the index's name or "". What pandas
pickles into the file (columns of texts, the names of `format="table"`) is never opened.
Source: pandas 2.3, `pandas/io/pytables.py`, `BlockManagerFixed`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from features.core.catalog.table_source import TextSource
from features.core.errors import ConfigError, Fault, MachineError, did_you_mean
from features.tables.arrow_file import cells_of_columns
from features.tables.cells import Cells
from features.tables.files import reading

_PICKLED = "is kept as a pickle, which may run code when it is read, and is never opened"
_WRITE = 'write the table as Parquet or CSV, or numbers with pandas\' format="fixed" and the ids as its index'


class Hdf5File:
    """A table of an HDF5 file: that of the `key`, or the only one. Raises ConfigError; MachineError without h5py."""

    def __init__(self, path: Path, source: TextSource) -> None:
        try:
            import h5py
        except ModuleNotFoundError as error:
            raise MachineError(f"{source.path}: an HDF5 table needs the package h5py: pip install h5py") from error
        self._source = source
        with reading(source, bytes), h5py.File(path, "r") as file:
            self._columns = _columns(source, _table(source, file))
        self.header: Sequence[str] = [name.strip() for name in self._columns]

    def read(self, texts: Sequence[str], numbers: Sequence[str]) -> Cells:
        found = {name: self._columns[list(self._columns)[self.header.index(name)]] for name in (*texts, *numbers)}
        pickled = [name for name, column in found.items() if column is None]
        if pickled:
            raise ConfigError([Fault(f"{self._source.path}, column {pickled[0]}", _PICKLED, hint=_WRITE)])
        rows = next((len(column) for column in self._columns.values() if column is not None), 0)
        columns = {name: pa.chunked_array([_array(column)]) for name, column in found.items() if column is not None}
        with reading(self._source, bytes):
            return cells_of_columns(self._source, columns, texts, numbers, rows)


def _table(source: TextSource, file: Any) -> Any:
    """The table in an open file. Raises ConfigError."""
    found: dict[str, Any] = {}

    def note(name: str, node: Any) -> None:
        if not any(name.startswith(f"{one}/") for one in found) and _is_table(node):
            found[name] = node

    if _is_table(file):
        found["/"] = file
    else:
        file.visititems(note)
    key = source.key.strip("/")
    if key and key not in found:
        raise ConfigError(
            [Fault(source.path, f'there is no table "{key}" in it', "", ", ".join(found), did_you_mean(key, found))]
        )
    if not key and len(found) != 1:
        what = "holds several tables" if found else "holds no table that is read"
        hint = "declare the key" if found else _WRITE
        raise ConfigError([Fault(source.path, what, "", ", ".join(found), hint)])
    return found[key] if key else next(iter(found.values()))


def _is_table(node: Any) -> bool:
    if hasattr(node, "dtype"):
        return node.dtype.names is not None and node.ndim == 1
    if "pandas_type" in node.attrs:
        return True
    members = list(node.values())
    shapes = {getattr(member, "shape", None) for member in members}
    is_plain = all(hasattr(member, "dtype") and member.dtype.names is None for member in members)
    return is_plain and len(shapes) == 1 and len(next(iter(shapes)) or ()) == 1


def _columns(source: TextSource, node: Any) -> Mapping[str, Any]:
    """Column → its values, None where they are pickled. Raises ConfigError."""
    if hasattr(node, "dtype"):
        records = node[:]
        return {name: records[name] for name in records.dtype.names}
    kind = _word(node.attrs.get("pandas_type", ""))
    if not kind:
        return {name: member[:] for name, member in node.items()}
    if kind != "frame":
        raise ConfigError([Fault(source.path, f'its table of pandas ("{kind}") {_PICKLED}', "", "", _WRITE)])
    order = [_word(name) for name in node["axis0"][:]]
    columns: dict[str, Any] = {}
    for i in range(int(node.attrs["nblocks"])):
        names, values = (node[f"block{i}_{part}"] for part in ("items", "values"))
        is_pickled = values.dtype.kind == "O" or values.shape[-1:] != names.shape
        for place, name in enumerate(names[:]):
            columns[_word(name)] = None if is_pickled else values[:, place]
    index = _word(node["axis1"].attrs.get("name", "")).removeprefix("N.")
    return {index if index not in order else "": node["axis1"][:], **{name: columns[name] for name in order}}


def _word(value: Any) -> str:
    return value.decode("utf-8") if isinstance(value, bytes) else str(value)


def _array(column: Any) -> pa.Array:
    if column.dtype.kind in "SO":
        return pa.array([_word(cell) for cell in column], pa.string())
    if column.ndim != 1:
        return pa.array([[0]] * len(column))  # several numbers in a cell are no number
    return pa.array(np.ascontiguousarray(column))
