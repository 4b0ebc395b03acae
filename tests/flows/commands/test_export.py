"""radweave export: tables for other programs, with the dictionary of their columns."""

import datetime
from pathlib import Path

import openpyxl
import pandas as pd
import pyarrow.parquet as pq
import pytest

from features.core.column import Column
from features.core.errors import RadweaveError
from features.core.storage.place import open_place
from features.core.storage.store import Store
from flows.commands.export import read_export, run_export
from flows.commands.views import Views
from tests.support.mart import fill_store

KEYS = ["case", "cohort", "centre", "patient", "timepoint", "lesion"]


def test_a_block_goes_out_as_it_is(small: Store, tmp_path: Path) -> None:
    output = tmp_path / "radiomics.csv"
    shown = run_export(small, ["radiomics"], output)
    assert shown == f"{output}: 3 rows, 8 columns of refresh 3\n{tmp_path / 'radiomics.dictionary.csv'}\n"
    found = pd.read_csv(output, keep_default_na=False, na_values=[""])
    assert list(found.columns) == [*KEYS, "pyradiomics__ct__shape_Sphericity", "pyradiomics__pet__firstorder_Mean"]
    assert found["case"].tolist() == ["one:p1:baseline", "one:p2:baseline", "two:p1:baseline"]


def test_every_column_is_in_the_dictionary_beside(small: Store, tmp_path: Path) -> None:
    run_export(small, ["region", "radiomics", "deep", "clinical", "genomic"], tmp_path / "all.csv")
    columns = list(pd.read_csv(tmp_path / "all.csv", nrows=1).columns)
    dictionary = pd.read_csv(tmp_path / "all.dictionary.csv", keep_default_na=False)
    assert list(dict.fromkeys(dictionary["name"])) == columns
    assert (dictionary["description"] != "").all()
    age = dictionary[dictionary["name"] == "clinical__age_years"].iloc[0]
    assert (age["block"], age["unit"], age["cohort"]) == ("clinical", "years", "one")


def test_blocks_stand_side_by_side_one_row_per_case(small: Store) -> None:
    found = read_export(Views(small), ["radiomics", "clinical"]).table.to_pandas().set_index("case")
    assert list(found.index) == ["one:p1:baseline", "one:p2:baseline", "two:p1:baseline"]
    assert found.loc["one:p1:baseline", "clinical__seen"] == datetime.date(2020, 2, 29)
    assert found["clinical__age_years"].isna().tolist() == [False, True, True]


def test_patient_blocks_alone_have_a_row_per_patient(small: Store) -> None:
    found = read_export(Views(small), ["clinical", "genomic"]).table.to_pandas()
    assert list(found["patient"]) == ["p1", "p2", "p9"]
    assert list(found["genomic__TP53"].fillna(0)) == [0, 7.25, 0]


def test_parquet_and_the_dictionary_keep_the_order_of_levels(publish_row, copied: Store, tmp_path: Path) -> None:
    publish_row(Column("grade", "string", "grade", levels=("low", "high")), block="clinical", grade="high")
    run_export(copied, ["clinical"], tmp_path / "clinical.parquet", cohorts=["three"])
    found = pd.read_parquet(tmp_path / "clinical.parquet")["grade"]
    assert (list(found.cat.categories), found.cat.ordered) == (["low", "high"], True)
    dictionary = pd.read_csv(tmp_path / "clinical.dictionary.csv", index_col="name")
    assert dictionary.loc["grade", "levels"] == '["low", "high"]'


def test_rows_and_columns_can_be_chosen(small: Store) -> None:
    views = Views(small)
    found = read_export(views, ["region"], cohorts=["one"], timepoint="week4", patterns=["*volume*"]).table
    assert found.schema.names == [*KEYS, "region__ct__volume_ml"]
    assert found["case"].to_pylist() == ["one:p2:week4"]
    joined = read_export(views, ["region", "clinical"], patterns=["clinical__age*"], timepoint="baseline")
    assert joined.table.schema.names == [*KEYS, "clinical__age_years"]
    assert joined.table.num_rows == 3


@pytest.mark.parametrize(
    ("tables", "options", "message"),
    [
        (["radiomic"], {}, 'there is no table "radiomic".*Did you mean "radiomics"'),
        (["region", "scans"], {}, '"scans" has no row per case: export it alone'),
        (["region", "region"], {}, "a table is named twice"),
        (["region"], {"cohorts": ["won"]}, 'no row is of the cohort "won"; there are one, two'),
        (["region"], {"timepoint": "week_4"}, 'no row is of the timepoint "week_4"; there are baseline, week4'),
        (["clinical"], {"timepoint": "week4"}, 'the table "clinical" has no column "timepoint"'),
        (["region"], {"patterns": ["*volum"]}, 'no column fits "\\*volum"'),
        (["region"], {"cohorts": ["one') OR ('1' = '1"]}, "no row is of the cohort"),
    ],
)
def test_words_that_fit_nothing_are_named(small: Store, tables: list[str], options: dict, message: str) -> None:
    with pytest.raises(RadweaveError, match=message):
        read_export(Views(small), tables, **options)


def test_xlsx_has_the_dictionary_as_second_sheet_and_no_formula(small: Store, tmp_path: Path) -> None:
    run_export(small, ["region", "clinical"], tmp_path / "cases.xlsx")
    book = openpyxl.load_workbook(tmp_path / "cases.xlsx")
    assert book.sheetnames == ["region_clinical", "dictionary"]
    rows = list(book["region_clinical"].values)
    first = dict(zip(rows[0], rows[1], strict=True))
    assert first["region__ct__kernel"] == "'=B30f"
    assert first["clinical__stage"] == "'+"
    assert first["clinical__seen"] == datetime.datetime(2020, 2, 29)
    assert first["clinical__death"] is True
    second = dict(zip(rows[0], rows[2], strict=True))
    assert second["region__ct__volume_ml"] == -2
    assert second["clinical__death"] is None
    assert {cell.data_type for row in book["region_clinical"].iter_rows() for cell in row} <= set("nbds") | {
        "inlineStr"
    }


def test_parquet_keeps_types_and_values(small: Store, tmp_path: Path) -> None:
    run_export(small, ["region", "clinical", "deep"], tmp_path / "cases.parquet")
    found = pq.read_table(tmp_path / "cases.parquet")
    assert str(found.schema.field("clinical__seen").type) == "date32[day]"
    assert str(found.schema.field("net__ct__largest_0000").type) == "float"
    assert found["clinical__stage"].to_pylist() == ["+", None, None, None]
    assert (tmp_path / "cases.dictionary.csv").is_file()


def test_other_tables_go_out_alone(small: Store, tmp_path: Path) -> None:
    run_export(small, ["scans"], tmp_path / "scans.csv")
    assert (tmp_path / "scans.dictionary.csv").read_text().count("\n") == 45  # a header, 22 columns of two cohorts
    run_export(small, ["dictionary"], tmp_path / "dictionary.csv")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["dictionary.csv", "scans.csv", "scans.dictionary.csv"]


def test_any_refresh_can_be_exported(small: Store, tmp_path: Path, command) -> None:
    output = tmp_path / "region.csv"
    options = ("--store", small.root, "--out", output, "--cohort", "one", "--columns", "*volume*")
    assert "of refresh 1" in command("export", "region", *options, "--at", 1).stdout
    assert pd.read_csv(output)["region__ct__volume_ml"].tolist() == [1.25, -2.0, 3.5]
    assert "of refresh 3" in command("export", "region", *options).stdout
    assert pd.read_csv(output)["region__ct__volume_ml"].tolist() == [1.5, -2.0, 3.5]


def test_a_failed_export_leaves_the_file_before(small: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    output = tmp_path / "region.xlsx"
    output.write_text("mine")
    monkeypatch.setattr("flows.commands.spreadsheet.COLUMNS", 5)
    with pytest.raises(RadweaveError, match="do not fit into XLSX"):
        run_export(small, ["region"], output)
    assert output.read_text() == "mine"
    assert list(tmp_path.iterdir()) == [output]


def test_a_folder_that_is_not_there_is_made_and_a_file_in_its_place_is_named(small: Store, tmp_path: Path) -> None:
    run_export(small, ["clinical"], tmp_path / "new" / "clinical.csv")
    assert (tmp_path / "new" / "clinical.csv").is_file()
    with pytest.raises(RadweaveError, match="a part of this path is a file"):
        run_export(small, ["clinical"], tmp_path / "new" / "clinical.csv" / "x.csv")


@pytest.mark.slow
def test_a_store_on_object_storage_is_exported_as_a_local_one(s3: str, small: Store, tmp_path: Path) -> None:
    remote = fill_store(Store(open_place(f"{s3}/store")))
    run_export(small, ["region", "clinical"], tmp_path / "local.csv")
    run_export(remote, ["region", "clinical"], tmp_path / "remote.csv")
    assert (tmp_path / "remote.csv").read_bytes() == (tmp_path / "local.csv").read_bytes()
