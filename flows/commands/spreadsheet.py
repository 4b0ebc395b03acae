"""CSV and XLSX that do no harm: text that a spreadsheet would run as a formula gets an apostrophe in front."""

import io
from collections.abc import Mapping
from datetime import date

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv

from features.core.errors import RadweaveError
from features.core.storage.arrays import array_of
from features.core.wording import counted

FORMULA = r"^[=+\-@\t\r\n＝＋－＠]"  # the full-width signs are read as the plain ones by some programs
ROWS, COLUMNS, LETTERS = 1_048_576, 16_384, 32_767  # limits of XLSX: of a sheet, and of a cell


def csv_bytes(table: pa.Table) -> bytes:
    """A table as CSV in UTF-8: a null is an empty cell, an empty text is "", true and false, dates as in ISO 8601."""
    sink = io.BytesIO()
    pyarrow.csv.write_csv(harmless(table), sink)
    return sink.getvalue()


def xlsx_bytes(sheets: Mapping[str, pa.Table]) -> bytes:
    """Tables as sheets of a workbook. Null and NaN are empty cells, infinity is text.

    Raises RadweaveError if a table or a text is larger than Excel allows.
    """
    import openpyxl
    from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE

    safe = {name: harmless(table) for name, table in sheets.items()}
    for name, table in safe.items():
        _check_size(name, table)

    def cell(value: object) -> object:
        match value:
            case str():
                return ILLEGAL_CHARACTERS_RE.sub("\ufffd", value)
            case float() if value != value:
                return None
            case float() if value in (float("inf"), float("-inf")):
                return str(value).replace("-", "'-")
            case int() if abs(value) > 10**15:  # Excel keeps 15 digits
                return str(value)
        return value

    book = openpyxl.Workbook(write_only=True)
    for name, table in safe.items():
        sheet = book.create_sheet(name)
        sheet.append([cell(column) for column in table.schema.names])
        for batch in table.to_batches(max_chunksize=256):
            for row in zip(*(column.to_pylist() for column in batch.columns), strict=True):
                sheet.append([cell(value) for value in row])
    sink = io.BytesIO()
    book.save(sink)
    return sink.getvalue()


def harmless(table: pa.Table) -> pa.Table:
    """A table of texts, numbers, flags and dates, whose texts and column names begin no formula. Numbers stay numbers."""
    columns = [_defused(_simple(column)) for column in table.columns]
    names = _defused(pa.chunked_array([array_of(table.schema.names, pa.string())])).to_pylist()
    return pa.table(columns, names=names)


def _defused(column: pa.ChunkedArray) -> pa.ChunkedArray:
    if not pa.types.is_string(column.type):
        return column
    formula = pc.match_substring_regex(column, FORMULA)
    if not pc.any(formula).as_py():
        return column
    return pc.if_else(formula, pc.binary_join_element_wise("'", column, ""), column)


def _simple(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Values of other types (of answers to SQL) as the nearest simple type, or as text."""
    kind = column.type
    types = pa.types
    if any(
        test(kind) for test in (types.is_string, types.is_integer, types.is_floating, types.is_boolean, types.is_date)
    ):
        return column
    values = column.to_pylist()
    if types.is_decimal(kind):
        whole = all(value is None or (value == value.to_integral_value() and abs(value) < 2**63) for value in values)
        number = int if whole else float
        wanted = pa.int64() if whole else pa.float64()
        return pa.chunked_array([pa.array([None if v is None else number(v) for v in values], wanted)])
    return pa.chunked_array([pa.array([None if v is None else _text(v) for v in values], pa.string())])


def _text(value: object) -> str:
    return value.isoformat() if isinstance(value, date) else str(value)


def _check_size(name: str, table: pa.Table) -> None:
    if table.num_columns > COLUMNS or table.num_rows + 1 > ROWS:
        size = f"{counted(table.num_rows, 'row')} and {counted(table.num_columns, 'column')}"
        raise RadweaveError(
            f"{name}: {size} do not fit into XLSX; allowed: "
            f"{ROWS - 1} rows, {COLUMNS} columns; choose columns, or write .csv or .parquet"
        )
    for column, values in zip(table.schema.names, table.columns, strict=True):
        if pa.types.is_string(values.type) and (pc.max(pc.utf8_length(values)).as_py() or 0) > LETTERS:
            raise RadweaveError(
                f'{name}: a text of the column "{column}" does not fit into XLSX; allowed: {LETTERS} letters; '
                "write .csv or .parquet"
            )
