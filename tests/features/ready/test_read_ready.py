"""read_ready: a block of ready-made tables: every row of a file is a row of the block, and nothing is left out in silence."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from features.core.catalog.catalog import Cohort
from features.core.errors import ConfigError
from features.core.pseudonym import pseudonym
from features.ready.read_ready import read_ready, ready_ids
from features.tables.patient import PatientTable
from tests.support.catalog import cohort_of

KEY = b"k" * 64
CLINICAL = {"block": "clinical", "path": "c.csv", "id": "ID", "columns": {"death": "Dead"}}
DEATH = {
    "death": {"type": "flag", "description": "died", "role": "outcome"},
}
Read = Callable[..., PatientTable]


@pytest.fixture
def read(tmp_path: Path) -> Read:
    """The block "ct" of tables that are given with their text; settings are those of the cohort."""

    def build(*tables: dict[str, Any], **settings: Any) -> PatientTable:
        sources = []
        for i, table in enumerate(tables):
            table = {"block": "ct", "path": f"t{i}.csv", "id": "ID", **table}
            if "text" in table:
                (tmp_path / table["path"]).write_text(table.pop("text"))
            sources.append(table)
        cohort = Cohort.model_validate(cohort_of(tables=sources, **settings))
        return read_ready(tmp_path, "demo", cohort, "ct", KEY)

    return build


def faults(read: Read, *tables: dict[str, Any], **settings: Any) -> str:
    with pytest.raises(ConfigError) as caught:
        read(*tables, **settings)
    return str(caught.value)


def rows(found: PatientTable, *ids: str) -> list[dict[str, Any]]:
    """Rows of patients by their ids, without the keys."""
    codes = {pseudonym(KEY, "demo", patient): patient for patient in ids}
    assert {*found.table["patient"].to_pylist()} == {*codes}
    listed = sorted(found.table.to_pylist(), key=lambda row: codes[row["patient"]])
    return [
        {name: value for name, value in row.items() if name not in ("patient", "cohort", "centre")} for row in listed
    ]


def test_columns_are_those_that_no_other_key_names_under_their_prefix(read: Read) -> None:
    found = read({"text": "ID,b,a,note\np1,1,2,x\np2,,NA,y\n", "exclude": ["note"], "prefix": "ct_", "unit": "mm"})
    assert rows(found, "p1", "p2") == [{"ct_b": 1.0, "ct_a": 2.0}, {"ct_b": None, "ct_a": None}]
    assert [(one.name, one.unit, one.type) for one in found.columns[-2:]] == [
        ("ct_b", "mm", "float64"),
        ("ct_a", "mm", "float64"),
    ]
    assert (found.quarantined, [one.code for one in found.warnings]) == ((), [])


def test_writers_are_recognised_and_what_is_left_out_is_said(read: Read) -> None:
    text = "ID,original_glcm_JointEnergy,diagnostics_Versions_Numpy,sex,\np1,1,1.2,m,0\n"
    found = read({"text": text, "written_by": "pyradiomics"})
    assert (found.columns[-1].family, found.columns[-1].filter) == ("glcm", "original")
    (warning,) = found.warnings
    assert warning.message == (
        "columns of ct were left out: 1 (diagnostics_Versions_Numpy) about the extraction, as pyradiomics writes them, "
        "1 (sex) of texts, 1 without a name"
    )


def test_time_points_and_lesions_are_keys(read: Read) -> None:
    text = "ID,visit,l,x\np1,V1,a,1\np1,V2,a,2\np1,V1,b,3\n"
    table = {"text": text, "timepoint": {"column": "visit", "codes": {"V1": "baseline", "V2": "week"}}, "lesion": "l"}
    times = {"timepoints": {"baseline": 0, "week": 7}}
    found = read(table, **times)
    assert [(row["timepoint"], row["lesion"], row["x"]) for row in found.table.to_pylist()] == [
        ("baseline", "a", 1.0),
        ("baseline", "b", 3.0),
        ("week", "a", 2.0),
    ]
    again = faults(read, {**table, "text": text + "p1,V2,a,4\np1,V3,a,4\np1,V1,a b,4\n"}, **times)
    assert 'column visit: values are no time points; found "V3"; allowed: V1, V2' in again
    assert "column l: names of lesions do not fit; found rows 7" in again
    assert "a patient's time point and lesion stands twice; found rows 5" in faults(
        read, {**table, "text": text + "p1,V2,a,4\n"}, **times
    )


def test_tables_complete_each_other_row_by_row(read: Read) -> None:
    found = read({"text": "ID,x\np1,1\np2,2\n"}, {"text": "ID,y,x\np2,5,\np3,6,7\n"})
    assert rows(found, "p1", "p2", "p3") == [{"x": 1.0, "y": None}, {"x": 2.0, "y": 5.0}, {"x": 7.0, "y": 6.0}]
    assert "t1.csv: 1 patient already has these columns from another table; found row 2" in faults(
        read, {"text": "ID,x\np1,1\n"}, {"text": "ID,x\np1,1\n"}
    )
    assert 'the column "x" means something else in another table of the block; found float64 mm' in faults(
        read, {"text": "ID,x\np1,1\n"}, {"text": "ID,x\np1,1\n", "unit": "mm"}
    )


def test_rows_without_ids_are_numbered(read: Read, tmp_path: Path) -> None:
    found = read(
        {"text": "x\n1\n2\n", "id": "#"}, {"text": "Dead,x\ntrue,9\nfalse,8\n", **CLINICAL, "id": "#"}, variables=DEATH
    )
    assert rows(found, "1", "2") == [{"x": 1.0}, {"x": 2.0}]
    cohort = Cohort.model_validate(cohort_of(tables=[{"block": "ct", "path": "t0.csv", "id": "#"}]))
    assert ready_ids(tmp_path, cohort) == {"1", "2"}


def test_cells_that_are_no_numbers_name_their_rows_and_never_ids(read: Read) -> None:
    found = faults(read, {"text": "ID,x,y\np1,#NAME?,1\np2,1,Jane\np3,2,3\n"})
    assert (
        "t0.csv: cells of features are no numbers; found column x: 1 in rows 2; column y: 1 in rows 3; allowed: finite numbers "
        'with "."; if they mean missing, add their codes (#NAME?) to missing' in found
    )
    assert "Jane" not in found
    assert read({"text": "ID,x\np1,#NAME?\np2,1\n", "missing": ["#NAME?"]}).table["x"].null_count == 1
    assert "column sex: 2 in rows 2, 3" in faults(read, {"text": "ID,sex\np1,m\np2,f\n", "columns": ["sex"]})
    assert "column x: 2 in rows 2, 3; allowed: finite numbers" in faults(read, {"text": "ID,x\np1,nan\np2,inf\n"})
    comma = faults(read, {"text": 'ID,x\np1,"1,5"\n', "columns": ["x"]})
    assert 'if the decimal sign is ",", declare decimal: ","' in comma


def test_categories_are_their_declared_levels(read: Read) -> None:
    table = {"text": "ID,f1,x\np1,2,1\np2,1,1\np3,,1\n", "categories": {"f1": ["1", "2"]}}
    found = read(table)
    assert [row["f1"] for row in rows(found, "p1", "p2", "p3")] == ["2", "1", None]
    assert {one.name: one.levels for one in found.columns}["f1"] == ("1", "2")
    assert 'column f1: codes that are no levels; found "2"; allowed: 1; add them' in faults(
        read, {**table, "categories": {"f1": ["1"]}}
    )


def test_texts_are_shared_only_where_the_catalog_says_so(read: Read) -> None:
    table = {"text": "ID,report\np1,no mass\np2,\n", "type": "text"}
    assert rows(read(table), "p1", "p2") == [{}, {}]
    assert rows(read({**table, "shared": True}), "p1", "p2") == [{"report": "no mass"}, {"report": None}]


def test_centres_come_from_a_column_or_from_other_tables(read: Read) -> None:
    centres = {"centres": {"A": {}, "B": {}}}
    told = {"text": "ID,site,x\np1,1,1\np2,2,2\n", "centre": {"column": "site", "codes": {"1": "A", "2": "B"}}}
    found = read(told, {"text": "ID,y\np2,3\n"}, **centres)
    assert sorted(found.table["centre"].to_pylist()) == ["A", "B"]
    assert "no table tells the centre of patients; found rows 3" in faults(
        read, told, {"text": "ID,y\np2,3\np4,3\n"}, **centres
    )
    wrong = faults(read, {**told, "text": "ID,site,x\np1,3,1\np2,,2\n"}, **centres)
    assert 'column site: values are no centres; found "3"; allowed: 1, 2' in wrong
    assert "column site: patients have no centre; found rows 3" in wrong
    other = {**told, "text": "ID,site,y\np1,2,1\n"}
    assert "1 patient of centre B stands in a table of centre A, too; found row 2" in faults(
        read, told, other, **centres
    )


def test_equal_ids_of_two_centres_are_two_patients_where_the_centre_goes_in_front(read: Read) -> None:
    told = {"text": "ID,site,x\n1,A,1\n1,B,2\n", "centre": {"column": "site"}}
    found = read(told, centres={"A": {}, "B": {}}, id_form="prefix")
    assert rows(found, "A-1", "B-1") == [{"x": 1.0}, {"x": 2.0}]


def test_a_given_split_is_kept(read: Read) -> None:
    table = {"text": "ID,set,x\np1,train,1\np2,test,2\n", "split": "set"}
    assert [row["split"] for row in rows(read(table), "p1", "p2")] == ["train", "test"]
    three = {**table, "text": table["text"] + "p3,tune,3\n"}
    assert 'neither train nor test; found "tune"; allowed: train (train), test (test)' in faults(read, three)
    torn = {"text": "ID,set,l,x\np1,train,a,1\np1,test,b,2\n", "split": "set", "lesion": "l"}
    assert "t0.csv: patients stand in two parts of the split; found rows 3" in faults(read, torn)
    other = {"text": "ID,set,y\np1,test,1\n", "split": "set"}
    assert "1 patient stands in both parts of the split; found row 2" in faults(read, table, other)


def test_outcomes_are_no_features(read: Read, tmp_path: Path) -> None:
    text = "ID,x,Dead,os_days\np1,1,true,5\n"
    table = {"text": text, "path": "c.csv"}
    found = faults(read, table, CLINICAL, variables=DEATH)
    assert (
        "c.csv: columns look like outcomes; found os_days; leave it out by exclude, or name it in leak_checked" in found
    )
    assert "look like outcomes; found Target;" in faults(read, {"text": "ID,x,Target\np1,1,0\n"})
    assert rows(read({**table, "exclude": ["os_*"]}, CLINICAL, variables=DEATH), "p1") == [{"x": 1.0}]
    checked = read({**table, "leak_checked": ["os_days"]}, CLINICAL, variables=DEATH)
    assert rows(checked, "p1") == [{"x": 1.0, "os_days": 5.0}]


def test_names_of_columns_are_checked(read: Read) -> None:
    assert 'the column "x" stands 2 times' in faults(read, {"text": "ID,x,x\np1,1,2\n"})
    assert "columns have the names of key columns; found centre" in faults(read, {"text": "ID,centre\np1,1\n"})
    assert 'there is no column "y"; allowed: ID, x, ""' in faults(read, {"text": "ID,x,\np1,1,\n", "columns": ["y"]})
    assert "Excel has turned names of the header into dates or numbers; found 2-Sep" in faults(
        read, {"text": "ID,2-Sep\np1,1\n"}
    )
    assert "no column is asked for" in faults(read, {"text": "ID,x\np1,1\n", "columns": ["y*"]})


def test_names_of_columns_that_hold_ids_are_faults_that_do_not_show_them(read: Read) -> None:
    found = faults(read, {"text": "ID,energy,brats_0042_energy\nBraTS-0042,1,2\n"})
    assert "names of columns hold patient ids; found columns 3; rename them, or leave them out by exclude" in found
    assert "0042" not in found


def test_ids_that_nobody_knows_show_their_forms_and_what_would_join_them(read: Read, tmp_path: Path) -> None:
    (tmp_path / "c.csv").write_text("ID,Dead\nLUNG1-001,true\nLUNG1-002,false\n")
    found = faults(read, {"text": "ID,x\nlung1-002,1\nlung1-003,1\n"}, CLINICAL, variables=DEATH)
    assert (
        "t0.csv: none of its ids is in another table of the cohort; found aaaa9-999 (row 2) beside AAAA9-999 (c.csv, row 2); "
        "id_form: {upper: true} of this table would join 1 of 2 patients" in found
    )
    assert "lung1" not in found.lower()
    found = faults(read, {"text": "ID,x\nX_1,1\nX_2,1\n"}, CLINICAL, variables=DEATH)
    assert r"found A_9 (row 2) beside AAAA9-999 (c.csv, row 2); is it the right table" in found
    assert len(rows(read({"text": "ID,x\nLUNG1-002,1\nq,1\n"}, CLINICAL, variables=DEATH), "LUNG1-002", "q")) == 2


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("ID,x\n,1\n", "patient ids are empty; found rows 2"),
        ("ID,x\np1,1\np1,2\n", "patient ids stand twice; found rows 2, 3"),
        ("PID,x\np1,1\n", 'there is no column "ID"'),
        ("ID;x\np1;1\n", 'is the separator right? declare separator: ";"'),
    ],
)
def test_ids_are_checked_as_in_other_tables(read: Read, text: str, message: str) -> None:
    assert message in faults(read, {"text": text})
