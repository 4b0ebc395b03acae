"""SeenTable: a table of features as it is written, with what each of its columns can be."""

from __future__ import annotations

import gzip
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Literal

import numpy as np

from features.core.catalog.table_source import TextSource
from features.core.errors import ConfigError, DataError, Fault
from features.core.kinds.writer import recognise
from features.tables.files import TextTable, read_text_table, some_rows
from tasks.drafting.columns import MISSING
from tasks.drafting.remark import several
from tasks.drafting.sheets import how_written
from tasks.drafting.table_study.values import Values

DELIMITED = (".csv", ".tsv", ".txt")


@dataclass(frozen=True)
class Columns:
    """Columns of a table by what they hold: features; texts; numbers of the rows; what describes an extraction.

    writer: the software that wrote the table, `plain` where the header does not tell. missing: cells of features, besides ''
    and NA, that mean missing.
    """

    writer: str
    features: tuple[str, ...]
    texts: tuple[str, ...]
    counters: tuple[str, ...]
    diagnostics: tuple[str, ...]
    missing: tuple[str, ...]


@dataclass(frozen=True)
class SeenTable:
    """path: the file. declared: the keys of the catalog that say how it is written, where that is not what is usual."""

    path: Path
    declared: dict[str, str]
    table: TextTable

    @property
    def name(self) -> str:
        """The file's own name, for messages."""
        return self.path.name

    @property
    def header(self) -> tuple[str, ...]:
        """The names of the columns but that of the ids."""
        return self.table.columns

    @property
    def decimal(self) -> Literal[".", ","]:
        """The decimal sign of its numbers."""
        return self.table.source.decimal

    def cells(self, column: str) -> list[str]:
        """The cells of a column, "" where they are missing."""
        return [cell or "" for cell in self.table.column(column)]

    def values(self, column: str) -> Values:
        """The values of a column."""
        return Values.of(self.name, column, self.cells(column), self.decimal)

    @cached_property
    def columns(self) -> Columns:
        """What the columns but that of the ids hold. A column is of texts if more of its cells are texts than numbers."""
        writer = recognise(self.header)
        explained = writer.explain(self.header)
        names = [name for name in self.header if explained[name] is not None]
        values, wrong = self.table.numbers(names)
        rows = np.arange(len(values), dtype=float)[:, None]
        counts = (values == rows).all(axis=0) | (values == rows + 1).all(axis=0)
        texts = wrong.sum(axis=0) > np.isfinite(values).sum(axis=0)
        missing = {
            cell
            for i in np.flatnonzero(wrong.any(axis=0) & ~texts)
            for cell in self.cells(names[i])
            if cell.lower() in MISSING
        }
        chosen = np.array(names, dtype=object)
        return Columns(
            writer=writer.kind,
            features=tuple(chosen[~texts & ~counts]),
            texts=tuple(chosen[texts]),
            counters=tuple(chosen[counts]),
            diagnostics=tuple(name for name in self.header if explained[name] is None),
            missing=tuple(sorted(missing)),
        )


def see_table(path: Path, id_column: str) -> SeenTable:
    """A table file, with one row per patient.

    Raises DataError if it is not there, ConfigError if it cannot be read, or ids are absent or stand twice.
    """
    if not path.is_file():
        near = sorted(one.name for one in path.parent.glob(f"{path.name.split('.')[0]}.*") if one.is_file())
        hint = f"; did you mean {path.parent / near[0]}?" if near else ""
        raise DataError(f"--table {path}: there is no such file{hint}")
    declared = how_written(_bytes(path)) if path.name.lower().removesuffix(".gz").endswith(DELIMITED) else {}
    source = TextSource.model_validate({"path": path.name, "id": id_column, **declared})
    table = read_text_table(path.parent, source)
    first: dict[str, int] = {}
    again = [row for key, row in zip(table.keys, table.rows, strict=True) if first.setdefault(key, row) != row]
    if again:
        what = f"{several(len(again), 'row')} {'is' if len(again) == 1 else 'are'} of a patient who has one already"
        hint = (
            "rows of several visits or lesions need a catalog that names their columns: see docs/ready-made-tables.md"
        )
        raise ConfigError([Fault(path.name, what, some_rows(again), "one row per patient", hint)])
    return SeenTable(path, declared, table)


def _bytes(path: Path) -> bytes:
    data = path.read_bytes()
    return gzip.decompress(data) if path.suffix.lower() == ".gz" else data
