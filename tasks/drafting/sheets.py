"""read_sheets: the header and the cells of a table file, with its separator, encoding and decimal sign found out."""

from __future__ import annotations

import codecs
import csv
import gzip
import io
import warnings
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, Literal

from features.core.catalog.table_source import TextSource, usual_separator
from features.core.errors import ConfigError
from features.tables.delimited import delimited_rows
from features.tables.excel import Marks, excel_rows
from features.tables.number import parse_number

MOST_BYTES = 200_000_000
_LINES, _ROWS = 50, 200  # that tell the separator, and the decimal sign
_BEGINNING = 10_000_000  # letters
ENCODINGS = ("utf-8-sig", "cp1252")


@dataclass(frozen=True)
class Sheet:
    """A table: where it lies, how it is written, its header and its rows, cells stripped.

    declared: the keys of the catalog that say how it is written, where that is not what is taken otherwise.
    titled: whether the first row is no header, but one cell above rows of several.
    """

    path: str
    declared: dict[str, str]
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    titled: bool = False

    def column(self, place: int) -> list[str]:
        """The cells of a column, from 0."""
        return [row[place] for row in self.rows]

    @property
    def decimal(self) -> Literal[".", ","]:
        """The decimal sign of its numbers."""
        return "," if self.declared.get("decimal") == "," else "."

    @property
    def shown(self) -> str:
        """The file, with the sheet if there are several."""
        return self.path + (f", sheet {self.declared['sheet']}" if "sheet" in self.declared else "")


def read_sheets(path: Path, name: str) -> tuple[list[Sheet], dict[str, str]]:
    """The tables of a file, one for each sheet of a workbook; and which file or sheet is none, with why.

    name: its path below the root, as the catalog names it.
    """
    try:
        if path.stat().st_size > MOST_BYTES:
            return [], {name: "it is larger than 200 MB"}
        data = path.read_bytes()
        if name.lower().endswith(".gz"):
            data = gzip.decompress(data)
        if name.lower().endswith((".xlsx", ".xlsm")):
            sheets = _sheet_names(data)
        else:
            return _kept([_delimited(data, name)])
    except (OSError, EOFError, ValueError, KeyError, csv.Error, zipfile.BadZipFile, zlib.error):
        return [], {name: "it cannot be read as a table"}
    found: list[Sheet] = []
    left: dict[str, str] = {}
    for one in sheets:
        try:
            found.append(_excel(data, name, one))
        except ConfigError as error:
            fault = error.faults[0]
            place = f" ({fault.found})" if fault.found else ""
            left[name + (f", sheet {one}" if one else "")] = f"{fault.what}{place}; {fault.hint}"
        except (ValueError, KeyError, zipfile.BadZipFile):
            left[name + (f", sheet {one}" if one else "")] = "it cannot be read as a table"
    kept, none = _kept(found)
    return kept, left | none


def _kept(sheets: Sequence[Sheet]) -> tuple[list[Sheet], dict[str, str]]:
    kept: list[Sheet] = []
    left: dict[str, str] = {}
    for one in sheets:
        if not one.header or (not one.rows and len(one.header) == 1):
            left[one.shown] = "it is empty"
        elif one.titled:
            left[one.shown] = "the names of its columns are not in its first row; delete the rows above them"
        elif len(one.header) == 1 or not one.rows:
            left[one.shown] = "it has one column alone" if one.rows else "it has no row below its header"
        else:
            kept.append(one)
    return kept, left


def how_written(data: bytes, name: str) -> dict[str, str]:
    """The separator, encoding and decimal sign of a text, by its first rows: keys of the catalog, without what is usual.

    name: of the file.
    """
    encoding, text = _decoded(data)
    first = text[:_BEGINNING]
    separator = _separator(first)
    declared = {"separator": separator} if separator != usual_separator(name) else {}
    declared |= {"encoding": encoding} if encoding != ENCODINGS[0] else {}
    if separator != ",":
        rows = list(islice(csv.reader(io.StringIO(first, newline=""), delimiter=separator), _ROWS))
        if _counts(rows, ",") > _counts(rows, "."):
            declared["decimal"] = ","
    return declared


def _delimited(data: bytes, name: str) -> Sheet:
    declared = how_written(data, name)
    source = TextSource.model_validate({"path": name, "id": "-", **declared})
    return _sheet(name, declared, delimited_rows(data, source))


def _excel(data: bytes, name: str, sheet: str | None) -> Sheet:
    source = TextSource(path=name, id="-", sheet=sheet)
    return _sheet(name, {"sheet": sheet} if sheet else {}, excel_rows(data, source, Marks()))


def _sheet(name: str, declared: dict[str, str], rows: Iterator[tuple[int, list[str]]]) -> Sheet:
    cells = [tuple(cell.strip() for cell in row) for _, row in rows if any(cell.strip() for cell in row)]
    if not cells:
        return Sheet(name, declared, (), ())
    header = cells[0]
    titled = sum(map(bool, header)) == 1 and any(sum(map(bool, row)) > 1 for row in cells[1:])
    return Sheet(name, declared, header, tuple(row for row in cells[1:] if len(row) == len(header)), titled)


def _sheet_names(data: bytes) -> list[str | None]:
    """The sheets of a workbook; None alone, where it has one."""
    from openpyxl import load_workbook

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        book: Any = load_workbook(io.BytesIO(data), read_only=True)
    names: list[str] = book.sheetnames
    book.close()
    return [*names] if len(names) > 1 else [None]


def _decoded(data: bytes) -> tuple[str, str]:
    """The first encoding that fits, and the text. Raises UnicodeDecodeError if none does."""
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16", data.decode("utf-16")
    for encoding in ENCODINGS[:-1]:
        with suppress(UnicodeDecodeError):
            return encoding, data.decode(encoding)
    return ENCODINGS[-1], data.decode(ENCODINGS[-1])


def _separator(text: str) -> str:
    """The sign that stands equally often in the first lines, and most often."""
    lines = [line for line in islice(io.StringIO(text, newline=None), _LINES) if line.strip()]
    best, most = ",", 0
    for sign in ",;\t|":
        counts = [len(row) - 1 for row in csv.reader(lines, delimiter=sign)]
        if counts and min(counts) == max(counts) and counts[0] > most:
            best, most = sign, counts[0]
    return best


def _counts(rows: Sequence[Sequence[str]], decimal: str) -> int:
    """How many cells are numbers with a decimal sign."""
    return sum(decimal in cell and parse_number(cell.strip(), decimal) is not None for row in rows for cell in row)
