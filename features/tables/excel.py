"""Excel sheets: the values that a person sees, as text. What Excel hides, merges or has turned into dates is a fault."""

from __future__ import annotations

import io
import re
import warnings
import zipfile
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from openpyxl import load_workbook

from features.core.errors import ConfigError, Fault, did_you_mean
from features.core.table_source import TextSource

_MONTHS = "Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Sept|Oct|Nov|Dec"
_DAMAGED = re.compile(rf"\d{{1,2}}-({_MONTHS})|({_MONTHS})-\d{{2}}|\d{{4}}-\d\d-\d\d 00:00:00|\d(\.\d+)?E\+\d{{2,}}")


def is_excel_damage(name: str) -> bool:
    """Whether a name is what Excel makes of a gene or an id: SEPT2 becomes "2-Sep" or a date, 2310009E13 "2.31E+19".

    >>> is_excel_damage("2-Sep"), is_excel_damage("SEPT2"), is_excel_damage("2020-03-01 00:00:00")
    (True, False, True)
    """
    return _DAMAGED.fullmatch(name) is not None


def excel_rows(data: bytes, source: TextSource) -> Iterator[tuple[int, list[str]]]:
    """Row numbers of the sheet, from 1, and cells as text: whole numbers without decimals, dates as ISO 8601 with time.

    Raises ConfigError for a sheet that is unknown or one of several, merged cells, hidden rows or columns, formulas
    without a kept value and cells that hold an error; ValueError, KeyError or BadZipFile if it is no workbook.
    """
    sheet = _sheet(data, source, data_only=True)
    faults = [Fault(source.path, what, found, hint=hint) for what, found, hint in _faults(data, source, sheet)]
    if faults:
        raise ConfigError(faults)
    return ((i, [_text(cell) for cell in row]) for i, row in enumerate(sheet.iter_rows(), start=1))


def _sheet(data: bytes, source: TextSource, *, data_only: bool) -> Any:
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


def _faults(data: bytes, source: TextSource, sheet: Any) -> Iterator[tuple[str, str, str]]:
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
    broken = [cell.coordinate for row in sheet.iter_rows() for cell in row if cell.data_type == "e"]
    if broken:
        yield "cells hold an error", _some(broken), "correct them"
    with zipfile.ZipFile(io.BytesIO(data)) as parts:
        sheets = [name for name in parts.namelist() if name.startswith("xl/worksheets/")]
        has_formulas = any(re.search(rb"<f[ />]", parts.read(name)) for name in sheets)
    if has_formulas:
        formulas = _sheet(data, source, data_only=False)
        lost = [
            cell.coordinate
            for row in formulas.iter_rows()
            for cell in row
            if cell.data_type == "f" and sheet[cell.coordinate].value is None
        ]
        if lost:
            yield "formulas have no value in the file", _some(lost), "save it in Excel, or paste the values"


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
