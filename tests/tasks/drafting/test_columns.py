"""What columns can be, which of them are endpoints, and which ids they hold: by their cells and names."""

from __future__ import annotations

from pathlib import Path

import openpyxl
import pytest

from tasks.drafting.columns import ColumnDraft, judge_columns
from tasks.drafting.ids import find_ids
from tasks.drafting.outcomes import find_endpoints, unit_of
from tasks.drafting.sheets import Sheet, read_sheets


def column(name: str, *cells: str) -> ColumnDraft:
    rows = tuple((f"p{i}", cell) for i, cell in enumerate(cells))
    (found,) = judge_columns(Sheet("t.csv", {}, ("id", name), rows), 0)
    return found


@pytest.mark.parametrize(
    ("name", "cells", "kind"),
    [
        ("age", ("61", "58.5", ""), "number"),
        ("age", ("61", "unknown", "58"), "number"),
        ("smoker", ("yes", "no", "no"), "flag"),
        ("Raucher", ("ja", "nein", "unbekannt"), "flag"),
        ("Geb.-Datum", ("02.01.1950", "03.04.1961"), "left out"),
        ("hpv", ("1.0", "0.0", ""), "flag"),
        ("sex", ("F", "M"), "category"),
        ("stage", ("IIIb", "T2", "IV"), "category"),
        ("histology", ("large cell", "large cell", "small cell", "small cell"), "category"),
        ("referred by", ("Miller", "Smith"), "left out"),
        ("surname", ("Miller", "Miller", "Smith", "Smith"), "left out"),
        ("operated", ("2019-02-01", "2020-03-05"), "date"),
        ("site", ("x", "x"), "left out"),
        ("text", tuple(f"word {i}" for i in range(20)) * 2, "left out"),
    ],
)
def test_a_column_is_judged_by_its_cells(name: str, cells: tuple[str, ...], kind: str) -> None:
    assert column(name, *cells).kind == kind


def test_codes_that_mean_missing_and_true_are_told() -> None:
    found = column("age", "61", "unknown", "58")
    assert found.missing == ("unknown",)
    assert dict(column("vital status", "dead", "alive", "alive").codes) == {"dead": True, "alive": False}
    assert column("vital status", "dead", "alive", "alive").outcome


def test_times_go_with_the_events_of_their_names_and_units_are_never_guessed() -> None:
    cells = {
        "OS (months)": "12 7 3",
        "death": "1 0 1",
        "pfs_days": "90 80 70",
        "progression": "0 1 0",
        "responder": "1 0 0",
    }
    columns = [column(name, *text.split()) for name, text in cells.items()]
    found = {one.name: one for one in find_endpoints(columns)}
    assert found["os"].values["event"] == "death" and found["pfs"].values["event"] == "progression"
    assert found["responder"].values == {"kind": "binary", "column": "responder", "description": "responder"}
    assert [unit_of(one) for one in columns[::2]] == ["months", "days", ""]
    bare = [column("Survival.time", "12", "7", "3"), column("deadstatus.event", "1", "0", "1")]
    (asked,) = find_endpoints(bare)
    assert asked.remark.kind == "question" and unit_of(bare[0]) == ""


def test_a_flag_named_for_censoring_is_asked_unless_its_words_tell() -> None:
    times = column("survival_days", "12", "7", "3")
    (asked,) = find_endpoints([times, column("Survival_Censor", "1", "0", "1")])
    assert (
        asked.remark.kind == "question" and '"Survival_Censor" may say of whom no event was seen' in asked.remark.text
    )
    (told,) = find_endpoints([times, column("Survival_Censor", "dead", "censored", "dead")])
    assert told.remark.kind == "guess"


def test_german_names_of_times_and_events_are_outcomes() -> None:
    columns = [column("Überleben (Monate)", "12", "7", "3"), column("Verstorben", "ja", "nein", "ja")]
    (found,) = find_endpoints(columns)
    assert found.values["time"] == "ueberleben_monate" and found.values["event"] == "verstorben"
    assert unit_of(columns[0]) == "months" and dict(columns[1].codes) == {"ja": True, "nein": False}


def test_a_title_above_the_header_is_named_with_its_sheet_and_the_others_are_read(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    book.active.title = "patients"
    for row in (["A title of the study"], [], ["id", "age"], ["A1", 60]):
        book.active.append(row)
    for row in (["id", "ldh"], ["A1", 200]):
        (book["labs"] if "labs" in book else book.create_sheet("labs")).append(row)
    book.save(tmp_path / "t.xlsx")
    (sheet,), left = read_sheets(tmp_path / "t.xlsx", "t.xlsx")
    assert sheet.shown == "t.xlsx, sheet labs"
    assert left == {
        "t.xlsx, sheet patients": "the names of its columns are not in its first row; delete the rows above them"
    }


def test_a_table_s_separator_decimal_sign_and_encoding_are_found(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_bytes("Patient;Größe;alter\nA1;1,5;60\nA2;2,5;61\n".encode("cp1252"))
    (sheet,), why = read_sheets(path, "t.csv")
    assert sheet.declared == {"separator": ";", "encoding": "cp1252", "decimal": ","} and not why
    assert sheet.header == ("Patient", "Größe", "alter")
    path.write_bytes(b"\x00\x01")
    assert read_sheets(path, "t.csv")[1]


@pytest.mark.parametrize(
    ("cells", "patients", "form"),
    [
        (("P1", "P2", "P9"), ("P1", "P2"), {}),
        (("p1", "p2"), ("P1", "P2"), {"upper": True}),
        (("7.0", "8.0"), ("7", "8"), {"drop_decimal": True}),
        (("007", "008"), ("7", "8"), {"strip_zeros": True}),
    ],
)
def test_ids_that_are_written_otherwise_are_found_by_their_form(
    cells: tuple[str, ...], patients: tuple[str, ...], form: dict[str, bool]
) -> None:
    rows = tuple((str(i), cell) for i, cell in enumerate(cells, start=100))
    found = find_ids(Sheet("t.csv", {}, ("row", "who"), rows), patients)
    assert found is not None and (found.place, found.matched, found.form) == (1, 2, form)
    assert find_ids(Sheet("t.csv", {}, ("row", "who"), rows), ("X1", "X2")) is None
