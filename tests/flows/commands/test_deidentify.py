"""radweave deidentify, as a user runs it."""

from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from pydicom.uid import CTImageStorage

from tests.support.scans import new_dataset


@pytest.fixture
def source(tmp_path: Path) -> Path:
    folder = tmp_path / "Doe^John"
    folder.mkdir()
    ds = new_dataset(CTImageStorage, "CT", "P-1", PatientName="Doe^John")
    ds.save_as(folder / "Doe.dcm", enforce_file_format=True)
    (folder / "patients of Doe.csv").write_text("Doe")
    return folder


@pytest.mark.slow
def test_files_in_are_files_written_and_refused(source: Path, tmp_path: Path, command: Callable[..., Any]) -> None:
    out, report = tmp_path / "out", tmp_path / "refused.csv"
    found = command("deidentify", source, out, "--cohort", "demo", "--report", report, "--jobs", 1)
    assert "2 files in = 1 written + 1 refused" in found.stdout and "NOT_IMAGE" in found.stdout
    assert "Doe" not in found.stdout + found.stderr + report.read_text()
    (row,) = csv.DictReader(report.read_text().splitlines())
    assert len(row["sha256"]) == 12 and row["code"] == "NOT_IMAGE"
    (written,) = [path for path in out.rglob("*") if path.is_file()]
    assert b"Doe" not in written.read_bytes()


@pytest.mark.slow
def test_a_folder_of_which_nothing_is_written_is_a_fault_of_data(
    source: Path, tmp_path: Path, command: Callable[..., Any]
) -> None:
    (source / "Doe.dcm").unlink()
    found = command("deidentify", source, tmp_path / "out", "--cohort", "demo", "--jobs", 1, code=3)
    assert "1 file in = 0 written + 1 refused" in found.stdout


def test_faults_of_the_user(source: Path, tmp_path: Path, command: Callable[..., Any]) -> None:
    wrong = command("deidentify", source, tmp_path / "out", "--cohort", "demo", "--without", "date", code=2)
    assert 'allowed: patient, dates, descriptors, private. Did you mean "dates"?' in wrong.stderr
    inside = command("deidentify", source, source / "out", "--cohort", "demo", code=2)
    assert "lies in" in inside.stderr
    report = command(
        "deidentify", source, tmp_path / "out", "--cohort", "demo", "--report", tmp_path / "out/r.csv", code=2
    )
    assert "choose another place" in report.stderr
