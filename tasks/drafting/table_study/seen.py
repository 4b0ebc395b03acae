"""SeenTable: a table of features as it is written, with what each of its columns can be."""

from __future__ import annotations

import csv
import gzip
import zlib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from features.core.catalog.ready_table import ROW_FACTS, ReadyTable
from features.core.catalog.table_source import NUMBERED, TextSource
from features.core.errors import ConfigError, DataError, Fault
from features.core.kinds.writer import recognise
from features.tables.cells import SPOKEN, Cells, TableFile
from features.tables.files import EXCEL, require, some_rows
from features.tables.number import parse_number
from features.tables.open_table import HDF5, open_table
from tasks.drafting.columns import MISSING
from tasks.drafting.remark import several
from tasks.drafting.sheets import how_written
from tasks.drafting.table_study.asked import Asked
from tasks.drafting.table_study.values import Values

DELIMITED = (".csv", ".tsv", ".txt")
MOST_SHOWN = 30  # columns of a header in a message


@dataclass(frozen=True)
class Columns:
    """Columns of a table that nobody names, by what they hold: features; texts; numbers of the rows; names of key columns;
    what describes an extraction.

    writer: the software that wrote the table, `plain` where the header does not tell. missing: cells of features, besides ''
    and NA, that mean missing → in how many places they stand. unnamed: how many columns have no name.
    """

    writer: str
    features: tuple[str, ...]
    texts: tuple[str, ...]
    counters: tuple[str, ...]
    keys: tuple[str, ...]
    diagnostics: tuple[str, ...]
    missing: Mapping[str, int]
    unnamed: int


@dataclass(frozen=True, eq=False)
class SeenTable:
    """path: the file. place: its sheet, or its table in an HDF5 file, if there are several. declared: keys of the catalog that
    say how it is written, where that is not what is usual.

    header: the names of all columns. named: column → cells, of those that somebody names. rows: how many there are.
    """

    path: Path
    place: dict[str, str]
    declared: dict[str, str]
    header: tuple[str, ...]
    named: dict[str, Sequence[str]]
    columns: Columns
    rows: int

    @property
    def name(self) -> str:
        """The file's own name, for messages."""
        return self.path.name

    @property
    def decimal(self) -> Literal[".", ","]:
        """The decimal sign of its numbers."""
        return "," if self.declared.get("decimal") == "," else "."

    def values(self, column: str) -> Values:
        """The values of a column that is named."""
        return Values.of(self.name, column, self.named[column], self.decimal)


def see_table(path: Path, asked: Asked) -> SeenTable:
    """A table file, with one row per patient.

    Raises DataError if it is not there, ConfigError if it cannot be read, or ids are absent or stand twice.
    """
    if not path.is_file():
        near = sorted(one.name for one in path.parent.glob(f"{path.name.split('.')[0]}.*") if one.is_file())
        hint = f"; did you mean {path.parent / near[0]}?" if near else ""
        raise DataError(f"--table {path}: there is no such file{hint}")
    place, declared = _place(path, asked.sheet), _declared(path)
    source = ReadyTable.model_validate(
        {"block": "any", "path": path.name, "id": asked.id_of(path), **place, **declared}
    )
    file = open_table(path.parent, source)
    header = tuple(file.header)
    ids = [] if source.id == NUMBERED else [source.id]
    named = [name for name in asked.named if name in header]
    require(list(header), [*ids, *named], source, show=len(header) <= MOST_SHOWN)
    others = [name for name in header if name and name not in {*ids, *named} and not asked.excludes(name)]
    if twice := [name for name, count in Counter(others).items() if count > 1]:
        hint = "rename one of them, or leave both out by --exclude"
        raise ConfigError([Fault(path.name, f'the column "{name}" stands twice', hint=hint) for name in twice[:10]])
    explained = recognise(others).explain(others)
    cells = file.read([*ids, *named], [name for name in others if explained[name] is not None])
    for name in ids:
        _check_once(path, cells.texts[name], cells.lines)
    columns = _columns(file, source, others, cells)
    return SeenTable(
        path, place, declared, header, {name: cells.texts[name] for name in named}, columns, len(cells.lines)
    )


def _place(path: Path, sheet: str) -> dict[str, str]:
    name = path.name.lower()
    return (
        {"sheet": sheet} if sheet and name.endswith(EXCEL) else {"key": sheet} if sheet and name.endswith(HDF5) else {}
    )


def _declared(path: Path) -> dict[str, str]:
    name = path.name.lower()
    if not name.removesuffix(".gz").endswith(DELIMITED):
        return {}
    try:
        data = path.read_bytes()
        return how_written(gzip.decompress(data) if name.endswith(".gz") else data, name)
    except UnicodeDecodeError:
        raise ConfigError([Fault(path.name, "is text of neither UTF-8 nor cp1252", hint="save it as UTF-8")]) from None
    except (OSError, EOFError, zlib.error, csv.Error):
        return {}  # who opens the table says what is wrong with it


def _check_once(path: Path, ids: Sequence[str], lines: NDArray[np.int64]) -> None:
    first: dict[str, int] = {}
    again = [line for key, line in zip(ids, lines.tolist(), strict=True) if first.setdefault(key, line) != line]
    if again:
        what = f"{several(len(again), 'row')} {'is' if len(again) == 1 else 'are'} of a patient who has one already"
        hint = (
            "rows of several visits or lesions need a catalog that names their columns: see docs/ready-made-tables.md"
        )
        raise ConfigError([Fault(path.name, what, some_rows(again), "one row per patient", hint)])


def _columns(file: TableFile, source: TextSource, others: Sequence[str], cells: Cells) -> Columns:
    """What the columns that nobody names hold. A column is of texts if more of its cells are texts than numbers."""
    writer = recognise(others)
    explained = writer.explain(others)
    names = [name for name in others if explained[name] is not None]
    rows = np.arange(cells.numbers.shape[1], dtype=float)
    counts = (cells.numbers == rows).all(axis=1) | (cells.numbers == rows + 1).all(axis=1)
    known = np.isfinite(cells.numbers).sum(axis=1)
    kinds = dict.fromkeys(names, "features")
    kinds |= {name: "counters" for i, name in enumerate(names) if counts[i]}
    kinds |= {name: "texts" for i, name in enumerate(names) if name in cells.odd and cells.odd[name].count > known[i]}
    kinds |= {name: "keys" for name in names if name in ROW_FACTS}

    def of(kind: str) -> tuple[str, ...]:
        return tuple(name for name in names if kinds[name] == kind)

    return Columns(
        writer=writer.kind,
        features=of("features"),
        texts=of("texts"),
        counters=of("counters"),
        keys=of("keys"),
        diagnostics=tuple(name for name in others if explained[name] is None),
        missing=_missing(file, source, [name for name in of("features") if name in cells.odd]),
        unnamed=list(file.header).count("") - (source.id == ""),
    )


def _missing(file: TableFile, source: TextSource, names: Sequence[str]) -> dict[str, int]:
    """Cells of columns of numbers that say by their words that they are missing, in their order → in how many places."""
    found = (
        Counter(cell for cells in file.read(names, []).texts.values() for cell in cells) if names else Counter[str]()
    )
    words = [cell for cell in sorted(found) if cell.lower() in MISSING | SPOKEN and cell not in ("", "NA")]
    return {cell: found[cell] for cell in words if parse_number(cell, source.decimal) is None}
