"""Excel sheets: the values that a person sees, as text. What Excel hides, merges or has turned into dates is a fault."""

from __future__ import annotations

import io
import re
import warnings
import zipfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from features.core.catalog.table_source import TextSource
from features.core.errors import ConfigError, Fault, did_you_mean

_MONTHS = "Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Sept|Oct|Nov|Dec"
_LITERAL = re.compile(r'"[^"]*"|\\.|[_*].|\[[^\]]*\]')  # of a number format: text, escaped characters, blanks, colours
_LOST = "formulas have no value in the file", "save it in Excel, or paste the values"
_ERROR = "cells hold an error", "correct them"
_DAMAGED = re.compile(rf"\d{{1,2}}-({_MONTHS})|({_MONTHS})-\d{{2}}|\d{{4}}-\d\d-\d\d 00:00:00|\d(\.\d+)?E\+\d{{2,}}")


def is_excel_damage(name: str) -> bool:
    """Whether a name is what Excel makes of a gene or an id: SEPT2 becomes "2-Sep" or a date, 2310009E13 "2.31E+19".

    >>> is_excel_damage("2-Sep"), is_excel_damage("SEPT2"), is_excel_damage("2020-03-01 00:00:00")
    (True, False, True)
    """
    return _DAMAGED.fullmatch(name) is not None


@dataclass(frozen=True, slots=True)
class Marks:
    """What a sheet says of its cells besides their text; rows and columns of the sheet count from 1.

    percent: (row, column) of numbers that are shown as percent, 0.25 as 25 %. unusable: column → cells, by their names, that
    nobody may use, under what is wrong with them and what to do.
    """

    percent: set[tuple[int, int]] = field(default_factory=set)
    unusable: dict[int, dict[tuple[str, str], list[str]]] = field(default_factory=dict)

    def faults(self, source: TextSource, columns: Iterable[int]) -> list[Fault]:
        """The faults of columns that are used."""
        found: dict[tuple[str, str], list[str]] = {}
        for column in columns:
            for why, cells in self.unusable.get(column, {}).items():
                found.setdefault(why, []).extend(cells)
        return [Fault(source.path, what, _some(cells), hint=hint) for (what, hint), cells in sorted(found.items())]


def excel_rows(data: bytes, source: TextSource, marks: Marks) -> Iterator[tuple[int, list[str]]]:
    """Row numbers of the sheet, from 1, and cells as text: whole numbers without decimals, dates as ISO 8601 with time.

    marks: gets the cells that are shown as percent, and those that nobody may use: formulas without a kept value (a kept
    empty text is one), errors.
    Raises ConfigError for a sheet that is unknown or one of several, merged cells, hidden rows or columns; ValueError,
    KeyError or BadZipFile if it is no workbook.
    """
    sheet = _sheet(data, source, data_only=True)
    faults = [Fault(source.path, what, found, hint=hint) for what, found, hint in _faults(sheet)]
    if faults:
        raise ConfigError(faults)
    _mark(data, source, sheet, marks)
    return ((i, [_text(cell) for cell in row]) for i, row in enumerate(sheet.iter_rows(), start=1))


def _sheet(data: bytes, source: TextSource, *, data_only: bool) -> Any:
    from openpyxl import load_workbook  # takes a while, and other tables do not need it

    with warnings.catch_warnings():  # openpyxl tells what it does not keep, such as lists to choose from
        warnings.simplefilter("ignore")
        book = load_workbook(io.BytesIO(data), data_only=data_only)
    if source.sheet is not None and source.sheet not in book.sheetnames:
        hint = did_you_mean(source.sheet, book.sheetnames)
        there = ", ".join(book.sheetnames)
        raise ConfigError([Fault(source.path, f'there is no sheet "{source.sheet}"', "", there, hint)])
    if source.sheet is None and len(book.sheetnames) > 1:
        there = ", ".join(book.sheetnames)
        raise ConfigError([Fault(source.path, "the workbook has several sheets", "", there, "declare the sheet")])
    return book[source.sheet] if source.sheet is not None else book.worksheets[0]


def _faults(sheet: Any) -> Iterator[tuple[str, str, str]]:
    if sheet.merged_cells.ranges:
        yield "cells are merged", _some(sorted(str(area) for area in sheet.merged_cells.ranges)), "split them"
    rows = [str(i) for i, row in sorted(sheet.row_dimensions.items()) if row.hidden and i <= sheet.max_row]
    if rows:
        yield "rows are hidden", _some(rows), "show them, or delete them"
    columns = [
        letter
        for letter, column in sorted(sheet.column_dimensions.items())
        if column.hidden and (column.min or 1) <= sheet.max_column
    ]
    if columns:
        yield "columns are hidden", _some(columns), "show them, or delete them"


def _mark(data: bytes, source: TextSource, sheet: Any, marks: Marks) -> None:
    """Fill the marks of a sheet."""
    with zipfile.ZipFile(io.BytesIO(data)) as parts:
        sheets = [name for name in parts.namelist() if name.startswith("xl/worksheets/")]
        has_formulas = any(re.search(rb"<f[ />]", parts.read(name)) for name in sheets)
    formulas = _sheet(data, source, data_only=False) if has_formulas else None
    for row in sheet.iter_rows():
        for cell in row:
            if cell.data_type == "e":
                _note(marks, cell, _ERROR)
            elif cell.value is None and cell.data_type != "str":  # "str" without a value is a kept empty text
                if formulas is not None and formulas[cell.coordinate].data_type == "f":
                    _note(marks, cell, _LOST)
            elif _is_percent(cell):
                marks.percent.add((cell.row, cell.column))


def _note(marks: Marks, cell: Any, why: tuple[str, str]) -> None:
    marks.unusable.setdefault(cell.column, {}).setdefault(why, []).append(cell.coordinate)


def _is_percent(cell: Any) -> bool:
    """Whether a number is shown times a hundred: by a % in its format that is no text of it, in the part for its sign."""
    if isinstance(cell.value, bool) or not isinstance(cell.value, int | float) or "%" not in cell.number_format:
        return False
    parts = _LITERAL.sub("", cell.number_format).split(";")
    part = 1 if cell.value < 0 and len(parts) > 1 else 2 if cell.value == 0 and len(parts) > 2 else 0
    return "%" in parts[part]


def _text(cell: Any) -> str:
    value = cell.value
    if value is None:
        return ""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, int) and not isinstance(value, bool) and re.fullmatch("0{2,}", cell.number_format):
        return str(value).zfill(len(cell.number_format))  # what is shown as 007 is 007
    return value.isoformat(" ") if isinstance(value, datetime) else str(value)


def _some(places: list[str]) -> str:
    return ", ".join(places[:10]) + (" …" if len(places) > 10 else "")
