"""radweave query: what it prints and writes."""

import json
import math
from pathlib import Path

import openpyxl
import pandas as pd
import pyarrow as pa
import pytest

from features.core.errors import RadweaveError
from features.core.storage.store import Store
from flows.commands.query import json_text, run_query


def test_without_sql_the_views_are_listed(small: Store) -> None:
    shown = run_query(small, "")
    for name in ("cases", "region", "radiomics", "deep", "clinical", "genomic", "scans", "quarantine", "dictionary"):
        assert f" {name} " in shown


def test_csv_and_json_hold_all_rows(small: Store) -> None:
    sql = "SELECT patient, region__ct__kernel, region__ct__volume_ml FROM region WHERE cohort = 'one' ORDER BY ALL"
    assert run_query(small, sql, "csv").splitlines() == [
        '"patient","region__ct__kernel","region__ct__volume_ml"',
        '"p1","\'=B30f",1.5',
        '"p2","B40f",-2',
        '"p2",,3.5',
    ]
    assert json.loads(run_query(small, sql, "json"))[2] == {
        "patient": "p2",
        "region__ct__kernel": None,
        "region__ct__volume_ml": 3.5,
    }


def test_json_tells_sums_dates_and_lists(small: Store) -> None:
    sql = "SELECT sum(1) AS n, 0.5 AS half, DATE '2020-02-29' AS day, [1.5, 'NaN'::DOUBLE] AS list, uuid() AS id FROM region"
    found = json.loads(run_query(small, sql, "json"))[0]
    assert found.pop("id").count("-") == 4
    assert found == {"n": 4, "half": 0.5, "day": "2020-02-29", "list": [1.5, None]}
    assert json.loads(json_text(pa.table({"x": [math.inf, -1.0]}))) == [{"x": None}, {"x": -1.0}]


@pytest.mark.parametrize("ending", ["csv", "xlsx", "parquet"])
def test_an_answer_goes_to_a_file_by_its_ending(small: Store, tmp_path: Path, ending: str) -> None:
    output = tmp_path / f"answer.{ending}"
    shown = run_query(small, "SELECT patient, age_years FROM clinical ORDER BY 1", output=output)
    assert shown == f"{output}: 2 rows, 2 columns\n"
    read = {"csv": pd.read_csv, "xlsx": pd.read_excel, "parquet": pd.read_parquet}[ending]
    assert read(output).to_dict("list") == {"patient": ["p1", "p9"], "age_years": [61.5, 40.0]}
    assert [path.name for path in tmp_path.iterdir()] == [output.name]


def test_xlsx_answers_hold_no_formula(small: Store, tmp_path: Path) -> None:
    run_query(small, "SELECT '=1+1' AS x, -1 AS y", output=tmp_path / "a.xlsx")
    sheet = openpyxl.load_workbook(tmp_path / "a.xlsx")["answer"]
    assert [cell.value for cell in sheet[2]] == ["'=1+1", -1]


def test_unknown_formats_and_endings_are_named(small: Store, tmp_path: Path) -> None:
    with pytest.raises(RadweaveError, match='unknown format "xml"; allowed: table, csv, json'):
        run_query(small, "SELECT 1", "xml")
    with pytest.raises(RadweaveError, match=r"unknown ending; allowed: \.csv, \.xlsx, \.parquet"):
        run_query(small, "SELECT 1", output=tmp_path / "a.xls")


def test_nothing_is_written_into_the_store(small: Store, tmp_path: Path) -> None:
    before = sorted(small.root.rglob("*"))
    for output in (small.root / "a.csv", small.mart / "region" / "one.parquet"):
        with pytest.raises(RadweaveError, match="lies in the store"):
            run_query(small, "SELECT 1", output=output)
    assert sorted(small.root.rglob("*")) == before


def test_faulty_sql_says_where(small: Store) -> None:
    with pytest.raises(RadweaveError, match="the query fails.*regio"):
        run_query(small, "SELECT * FROM regio")


def test_the_command_answers_for_any_refresh(small: Store, command) -> None:
    sql = "SELECT region__ct__volume_ml FROM region WHERE patient = 'p1' AND cohort = 'one'"
    assert command("query", "--store", small.root, "--format", "csv", sql).stdout.splitlines()[1] == "1.5"
    assert command("query", "--store", small.root, "--format", "csv", "--at", 1, sql).stdout.splitlines()[1] == "1.25"
    assert "kept: 1, 2, 3" in command("query", "--store", small.root, "--at", 9, sql, code=4).stderr
