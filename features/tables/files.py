"""Table files as text: CSV and Excel, exactly the cells that stand in them, and the patients they belong to."""

from __future__ import annotations

import csv
import gzip
import re
import zipfile
import zlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from features.core.catalog.id_form import IdForm, normalise_id
from features.core.catalog.table_source import NUMBERED, TextSource
from features.core.errors import ConfigError, Fault, did_you_mean
from features.core.pseudonym import canonical_id
from features.core.wording import counted
from features.tables.delimited import delimited_rows, encoding_hint, separator_hint
from features.tables.excel import Marks, excel_rows, is_excel_damage
from features.tables.number import parse_numbers

Header = Literal["columns", "genes", "patients"]
EXCEL = (".xlsx", ".xlsm")
_BATCH = 200_000  # cells that stand as Python texts at a time


@dataclass(frozen=True, eq=False)
class TextTable:
    """The rows of a table file that are not empty: all cells stripped, nothing else done to them.

    keys: the cells of the id column, composed (NFC). columns: names of the others; places: their columns in the file,
    from 1. rows: their rows in the file, from 1 with the header. cells: the cells of the others, row by row. marks: what an
    Excel sheet says of its cells besides.
    """

    source: TextSource
    keys: tuple[str, ...]
    columns: tuple[str, ...]
    places: tuple[int, ...]
    rows: tuple[int, ...]
    cells: pa.ChunkedArray
    marks: Marks = field(default_factory=Marks)

    def column(self, name: str, missing: Sequence[str] = ()) -> list[str | None]:
        """Cells of a column; None where they are a code that means missing, of the table or given here."""
        place, width = self.columns.index(name), len(self.columns)
        codes = {*self.source.missing, *missing}
        cells = self.cells.take(pa.array(range(place, len(self.rows) * width, width), pa.int64())).to_pylist()
        return [None if cell in codes else cell for cell in cells]

    def percent(self, name: str) -> list[bool]:
        """Which cells of a column are numbers that are shown as percent: 0.25 as 25 %."""
        place = self.places[self.columns.index(name)]
        return [(row, place) in self.marks.percent for row in self.rows]

    def numbers(self, names: Sequence[str]) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
        """Columns as numbers, NaN where empty or missing, and where a cell is no finite number: both (rows, names).

        Raises ConfigError if cells of an Excel sheet hold errors, or formulas without a value.
        """
        _check_marks(self, names)
        cells, shape = self.cells, (len(self.rows), len(self.columns))
        if list(names) != list(self.columns):
            place = {name: i for i, name in enumerate(self.columns)}
            wanted = np.array([place[name] for name in names], dtype=np.int64)
            chosen = (np.arange(shape[0])[:, None] * shape[1] + wanted).ravel()
            cells, shape = cells.take(pa.array(chosen)), (shape[0], len(names))
        missing = pa.array(["", *self.source.missing], cells.type)
        values, wrong = parse_numbers(cells, self.source.decimal, missing)
        return values.reshape(shape), wrong.reshape(shape)


def read_text_table(root: Path, source: TextSource, *, header: Header = "columns") -> TextTable:
    """A table file as text. Empty rows are left out.

    header: what stands in the header; where it is, or may by mistake be, patients, messages do not show it. Raises
    ConfigError if the file cannot be read, rows and header have different lengths, the id column is absent, or Excel has
    turned names of the header into dates. With the id `#` the number of a row, from 1, is its key.
    """
    marks = Marks()
    rows = text_rows(root, source, marks)
    _, first = next(rows, (0, []))
    if not first:
        raise _fault(source, "the table is empty")
    names = [name.strip() for name in first]
    is_numbered = source.id == NUMBERED
    require(names, [] if is_numbered else [source.id], source, show=header == "columns")
    check_header(names, source, header)
    place = len(names) if is_numbered else names.index(source.id)
    if faults := marks.faults(source, [place + 1]):
        raise ConfigError(faults)
    keys, batch, chunks = list[str](), list[str](), list[pa.Array]()
    numbers, uneven = list[int](), list[int]()
    for number, cells in rows:
        if len(cells) != len(names):
            uneven.append(number)
            continue
        keys.append(f"{len(keys) + 1}" if is_numbered else canonical_id(cells.pop(place)))
        numbers.append(number)
        batch += cells
        if len(batch) >= _BATCH:
            chunks.append(pc.utf8_trim_whitespace(pa.array(batch, pa.large_string())))
            batch = []
    if uneven:
        raise uneven_rows(source, uneven, len(names))
    chunks.append(pc.utf8_trim_whitespace(pa.array(batch, pa.large_string())))
    columns = (*names[:place], *names[place + 1 :])
    places = tuple(i for i in range(1, len(names) + 1) if i != place + 1)
    return TextTable(source, tuple(keys), columns, places, tuple(numbers), pa.chunked_array(chunks), marks)


def patients_of(table: TextTable, form: IdForm, *, repeated: bool = False) -> list[str]:
    """The patient of each row, in the declared form; the form of the table stands in for the cohort's.

    repeated: whether a patient may stand in several rows. Raises ConfigError with the rows, never the ids, if ids are
    empty, stand twice, do not have the declared form, or different ones become one.
    """
    return normalise_ids(table.keys, table.source, form, [f"{row}" for row in table.rows], "rows", repeated=repeated)


def normalise_ids(
    written: Sequence[str],
    source: TextSource,
    form: IdForm,
    places: Sequence[str],
    what: str,
    *,
    repeated: bool = False,
) -> list[str]:
    """Ids in the declared form. places: where they stand (`what`: rows or columns), for messages. Raises ConfigError."""
    form = source.id_form.within(form) if source.id_form else form
    counts = Counter(written)
    known = {name: normalise_id(name, form) for name in counts}
    writings = Counter(known.values())
    faults = []

    def check(message: str, wrong: Callable[[str], bool], allowed: str = "", hint: str = "") -> None:
        names = {name for name in counts if wrong(name)}
        if names:
            found = some_places([place for place, name in zip(places, written, strict=True) if name in names], what)
            faults.append(Fault(source.path, message, found, allowed, hint))

    check("patient ids are empty", lambda name: not name, "", 'or declare id: "#", if no other table is joined by ids')
    check("patient ids do not have the declared form", lambda name: bool(name) and not known[name])
    check("Excel has turned patient ids into dates or numbers", is_excel_damage, "", "write them again, as text")
    if not repeated:
        check("patient ids stand twice", lambda name: bool(name) and counts[name] > 1, "one row per patient")
    hint = "correct the ids, or the id_form"
    check(
        "different patient ids become one in the declared form",
        lambda name: bool(known[name]) and writings[known[name]] > 1,
        hint=hint,
    )
    if faults:
        raise ConfigError(faults)
    return [known[name] for name in written]


def require_columns(table: TextTable, wanted: Iterable[str], *, header: Header = "columns") -> None:
    """Raises ConfigError with every column that is not in the table, and its nearest name, or stands in it twice; or with the
    cells of these columns that hold errors, or formulas without a value. Nobody judges columns that are not used.
    """
    wanted = list(wanted)
    require(list(table.columns), wanted, table.source, show=header == "columns")
    _check_marks(table, wanted)


def _check_marks(table: TextTable, names: Iterable[str]) -> None:
    places = dict(zip(table.columns, table.places, strict=True))
    if faults := table.marks.faults(table.source, [places[name] for name in names]):
        raise ConfigError(faults)


def check_header(names: Sequence[str], source: TextSource, header: Header = "columns") -> None:
    """Raises ConfigError if Excel has turned names of the header into dates or numbers."""
    damaged = [i for i, name in enumerate(names, start=1) if is_excel_damage(name)]
    if damaged:
        found = some_places([str(i) if header == "patients" else names[i - 1] for i in damaged], "")
        hint = f"write the names of {'genes' if header == 'genes' else header} again, in cells formatted as text"
        raise _fault(source, "Excel has turned names of the header into dates or numbers", found, hint=hint)


def uneven_rows(source: TextSource, rows: Sequence[int], width: int) -> ConfigError:
    """The error about rows that do not have as many cells as the header."""
    hint = "cells with a comma in them need quotes; is it a decimal comma?" if source.separator == "," else ""
    allowed = f"{width} cells, as in the header"
    return _fault(source, "rows are longer or shorter than the header", some_rows(rows), allowed, hint)


def some_rows(numbers: Iterable[int]) -> str:
    """Row numbers for a message, the first ten of them."""
    return some_places([str(number) for number in numbers], "rows")


def some_places(places: Sequence[str], what: str) -> str:
    """Places for a message, the first ten of them."""
    return f"{what} {', '.join(places[:10])}".lstrip() + (" …" if len(places) > 10 else "")


def require(header: Sequence[str], wanted: Iterable[str], source: TextSource, *, show: bool) -> None:
    """Raises ConfigError with every name that is not in the header, or stands in it twice. show: whether messages show it."""
    is_data = any(re.fullmatch(r"[\d.,:/ -]*\d[\d.,:/ -]*", name) for name in header)
    names = ", ".join(name or '""' for name in header[:30])
    shown = names if show and not is_data else f"{counted(len(header), 'column')} of the header"
    faults, counts = [], Counter(header)
    for name in dict.fromkeys(wanted):
        if name not in counts:
            hint = separator_hint(header, source)
            if not hint and is_data:
                hint = "is the first row the header?"
            elif not hint and show:
                hint = did_you_mean(name, header)
            faults.append(Fault(source.path, f'there is no column "{name}"', "", shown, hint))
        elif counts[name] > 1:
            faults.append(Fault(source.path, f'the column "{name}" stands {counts[name]} times'))
    if faults:
        raise ConfigError(faults)


def path_of(root: Path, source: TextSource) -> Path:
    """Where a table lies. Raises ConfigError if that is outside the cohort's folder, or it is of a form that is never read."""
    path = (root / source.path).resolve()
    if not path.is_relative_to(root.resolve()):
        raise _fault(source, "lies outside the cohort's folder")
    if path.suffix.lower() == ".xls":
        raise _fault(source, "is a workbook of the old form", allowed=".xlsx or CSV")
    return path


@contextmanager
def reading(source: TextSource, first_bytes: Callable[[], bytes]) -> Iterator[None]:
    """Raises ConfigError for what goes wrong inside the block while a table is read. first_bytes: of the table."""
    try:
        yield
    except FileNotFoundError:
        raise _fault(source, "there is no such table") from None
    except UnicodeError as error:
        hint = (
            error.args[0]
            if len(error.args) == 1
            else f"declare another one, for example {encoding_hint(first_bytes())}"
        )
        raise _fault(source, f'is not text of the encoding "{source.encoding}"', hint=hint) from error
    except (OSError, EOFError, ValueError, KeyError, csv.Error, zipfile.BadZipFile, zlib.error) as error:
        raise _fault(source, f"cannot be read as a table ({type(error).__name__}: {error})") from error


def text_rows(root: Path, source: TextSource, marks: Marks) -> Iterator[tuple[int, list[str]]]:
    """Rows that are not empty. Raises ConfigError, also while they are drawn."""
    path, data = path_of(root, source), b""
    with reading(source, lambda: data):
        data = path.read_bytes()
        if path.suffix.lower() == ".gz":
            data = gzip.decompress(data)
        is_excel = path.suffix.lower() in EXCEL
        rows = excel_rows(data, source, marks) if is_excel else delimited_rows(data, source)
        for number, cells in rows:
            if any(cell.strip() for cell in cells):
                yield number, cells


def _fault(source: TextSource, what: str, found: str = "", allowed: str = "", hint: str = "") -> ConfigError:
    return ConfigError([Fault(source.path, what, found, allowed, hint)])
