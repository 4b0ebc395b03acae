"""Tables with several rows of a patient are asked about with what a catalog would say of them."""

from __future__ import annotations

from pathlib import Path

import pytest

from tasks.drafting.clinical import TableDraft
from tasks.drafting.commented import Noted
from tasks.drafting.sheets import read_sheets

PEOPLE = [f"P{i:03}" for i in range(6)]


@pytest.mark.parametrize(
    ("header", "answers"),
    [
        (
            "patient,visit,day,crp",
            ["visits: {path: v.csv, id: patient, timepoint: visit, day: day}", "exclude: [day]", "block: measurements"],
        ),
        (
            "patient,Time_Point,Scan Date,crp",
            ["timepoint: Time_Point", "date: Scan Date", "date_format: FORMAT"],
        ),
    ],
)
def test_a_table_of_visits_is_asked_about_as_one(tmp_path: Path, header: str, answers: list[str]) -> None:
    rows = "".join(f"{one},w{week},{7 * week},{week}.5\n" for one in PEOPLE for week in (1, 2))
    (tmp_path / "v.csv").write_text(f"{header}\n{rows}")
    sheets, _ = read_sheets(tmp_path / "v.csv", "v.csv")
    found = TableDraft(sheets, {"main": frozenset(PEOPLE)}, {})
    (asked,) = found.tables
    assert isinstance(asked, Noted)
    told = repr(asked.remarks)
    assert "v.csv has several rows of a patient: does it tell the days of her visits?" in told
    for answer in answers:
        assert answer in told
