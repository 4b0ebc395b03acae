"""What spreadsheets make of exports: no formulas, no lost values, no file that Excel cannot open."""

import datetime
import io

import openpyxl
import pandas as pd
import pyarrow as pa
import pytest

from features.core.errors import RadweaveError
from flows.commands.spreadsheet import csv_bytes, harmless, xlsx_bytes

FORMULAS = ["=HYPERLINK(1)", "+1", "-1", "@SUM(1)", "\t=1", "\r=1", "\n=1", "＝1"]


@pytest.fixture
def mixed() -> pa.Table:
    return pa.table(
        {
            "=name": pa.array(["=1+1", "a=b", "", None]),
            "number": pa.array([-1.5, 2.0, None, 1e-17], pa.float64()),
            "count": pa.array([-3, 2**60, None, 0], pa.int64()),
            "flag": pa.array([True, False, None, True]),
            "day": pa.array([datetime.date(2020, 2, 29), None, None, datetime.date(1999, 12, 31)]),
        }
    )


@pytest.mark.parametrize("text", FORMULAS)
def test_text_that_begins_a_formula_gets_an_apostrophe(text: str) -> None:
    assert harmless(pa.table({"x": [text]}))["x"].to_pylist() == ["'" + text]
    sheet = openpyxl.load_workbook(io.BytesIO(xlsx_bytes({"s": pa.table({"x": [text]})})))["s"]
    assert sheet["A2"].data_type == "s"
    assert sheet["A2"].value.startswith("'")


def test_names_of_columns_begin_no_formula_either(mixed: pa.Table) -> None:
    assert csv_bytes(mixed).decode().splitlines()[0] == '"\'=name","number","count","flag","day"'


def test_negative_numbers_stay_numbers(mixed: pa.Table) -> None:
    found = pd.read_csv(io.BytesIO(csv_bytes(mixed)))
    assert found["number"].tolist()[:2] == [-1.5, 2.0]
    sheet = openpyxl.load_workbook(io.BytesIO(xlsx_bytes({"s": mixed})))["s"]
    assert sheet["B2"].value == -1.5 and sheet["B2"].data_type == "n"


def test_csv_keeps_every_value(mixed: pa.Table) -> None:
    lines = csv_bytes(mixed).decode().splitlines()
    assert lines[1:] == [
        '"\'=1+1",-1.5,-3,true,2020-02-29',
        '"a=b",2,1152921504606846976,false,',
        '"",,,,',
        ",1e-17,0,true,1999-12-31",
    ]


def test_xlsx_keeps_flags_dates_empty_cells_and_long_numbers(mixed: pa.Table) -> None:
    sheet = openpyxl.load_workbook(io.BytesIO(xlsx_bytes({"s": mixed})))["s"]
    found = [[cell.value for cell in row] for row in sheet.iter_rows(min_row=2)]
    assert found[0] == ["'=1+1", -1.5, -3, True, datetime.datetime(2020, 2, 29)]
    assert found[1] == ["a=b", 2, "1152921504606846976", False, None]
    assert found[2][1:] == [None] * 4
    assert found[3][1] == 1e-17


def test_numbers_that_excel_does_not_know_do_not_spoil_the_file() -> None:
    table = pa.table({"x": [float("nan"), float("inf"), float("-inf")]})
    sheet = openpyxl.load_workbook(io.BytesIO(xlsx_bytes({"s": table})))["s"]
    assert [sheet.cell(row, 1).value for row in (2, 3, 4)] == [None, "inf", "'-inf"]


def test_letters_that_xml_forbids_are_replaced() -> None:
    sheet = openpyxl.load_workbook(io.BytesIO(xlsx_bytes({"s": pa.table({"x": ["a\x00b"]})})))["s"]
    assert sheet["A2"].value == "a\ufffdb"


@pytest.mark.parametrize(
    ("table", "message"),
    [
        (pa.table({f"c{i}": [1] for i in range(16_385)}), "1 row and 16385 columns do not fit into XLSX"),
        (pa.table({"x": pa.nulls(1_048_576, pa.int64())}), "1048576 rows and 1 column do not fit into XLSX"),
        (pa.table({"x": ["a" * 32_768]}), 'a text of the column "x" does not fit into XLSX; allowed: 32767 letters'),
    ],
    ids=["columns", "rows", "letters"],
)
def test_what_excel_cannot_hold_is_said_before_writing(table: pa.Table, message: str) -> None:
    with pytest.raises(RadweaveError, match=message):
        xlsx_bytes({"s": table})


def test_answers_of_other_types_become_numbers_or_text() -> None:
    from decimal import Decimal

    table = pa.table(
        {
            "whole": pa.array([Decimal(12), None], pa.decimal128(38, 0)),
            "part": pa.array([Decimal("0.5"), None], pa.decimal128(4, 1)),
            "list": pa.array([["=1"], None]),
            "at": pa.array([datetime.datetime(2020, 1, 2, 3), None]),
        }
    )
    found = harmless(table)
    assert found.to_pylist()[0] == {"whole": 12, "part": 0.5, "list": "['=1']", "at": "2020-01-02T03:00:00"}
    assert found.to_pylist()[1] == dict.fromkeys(found.schema.names)
