"""series: which series became which image, which were left; what is shown and what is written."""

from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from pydicom.dataset import Dataset

from tests.support.catalog import cohort_of, dicom_images, file_images, write_catalog
from tests.support.scans import image_series, rtstruct_of, save_datasets, square

CANARY = "Muster Maria 1950"


def _series(folder: Path, patient: str, stem: str, edit: Callable[[Dataset], object]) -> list[Dataset]:
    series = image_series(modality="MR", patient=patient, intercept=0)
    for ds in series:
        edit(ds)
    save_datasets(series, folder / "mr", f"{patient}-{stem}")
    return series


def _t1c(ds: Dataset) -> None:
    ds.EchoTime, ds.ContrastBolusAgent, ds.SeriesDescription = 2.5, "Gadovist", f"T1 {CANARY}"


def _other(ds: Dataset) -> None:
    ds.EchoTime, ds.SeriesDescription = 90, f"T2 {CANARY}"


@pytest.fixture
def catalog(tmp_path: Path) -> Path:
    """Two patients: both have T1c and a series that nobody wants, one has T1c twice."""
    for patient in ("P1", "P2"):
        series = _series(tmp_path, patient, "a", _t1c)
        contours = [("GTV", [square(-7, -7, 5, 5, 0.0)])]
        save_datasets([rtstruct_of(series, contours)], tmp_path / "mr", f"{patient}-struct")
        _series(tmp_path, patient, "b", _other)
    again = _series(tmp_path, "P2", "c", _t1c)
    save_datasets([rtstruct_of(again, contours)], tmp_path / "mr", "P2-again")
    source = dicom_images("mr", modality="MR", unit="arbitrary", image="t1c", select={"ContrastBolusAgent": "present"})
    return write_catalog(tmp_path, mr=cohort_of(source), files=cohort_of(file_images()))


def test_series_are_told_with_their_images_or_why_they_were_left(
    command: Callable[..., Any], catalog: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out" / "series.csv"
    found = command("series", "mr", "--catalog", catalog, "--store", tmp_path / "store", "--output", out)
    rows = list(csv.DictReader(out.read_text("utf-8").splitlines()))
    assert sorted((row["image"], row["left"], row["files"]) for row in rows) == [
        ("", "SERIES_AMBIGUOUS", "8"),
        ("", "SERIES_AMBIGUOUS", "8"),
        ("", "not_selected", "8"),
        ("", "not_selected", "8"),
        ("t1c", "", "8"),
    ]
    used = next(row for row in rows if row["image"])
    assert used["case"].startswith("mr:") and used["case"].endswith(":baseline")
    facts = {"centre": "A", "modality": "MR", "echo_time_ms": "2.5", "b_value": "", "contrast": "true"}
    assert {name: used[name] for name in facts} == facts
    cells = [line.replace("│", " ").split() for line in found.stdout.splitlines()]
    assert ["t1c", "A", "1", "1", "1", "8"] in cells
    for text in (found.stdout, found.stderr, out.read_text("utf-8")):
        assert "Muster" not in text and "P1" not in text and "Gadovist" not in text
    assert not (tmp_path / "store").exists()


def test_a_series_that_is_part_of_an_image_was_not_left_because_another_image_cannot_take_its_rois(
    command: Callable[..., Any], tmp_path: Path
) -> None:
    series = _series(tmp_path, "P1", "a", _t1c)
    save_datasets([rtstruct_of(series, [("GTV", [square(-7, -7, 5, 5, 0.0)])])], tmp_path / "mr", "struct")
    _series(tmp_path, "P1", "b", lambda ds: (_other(ds), setattr(ds, "FrameOfReferenceUID", "1.2.3")))
    both = dicom_images("mr", modality="MR", unit="arbitrary", image="t1c", select={"ContrastBolusAgent": "present"})
    other = {**both, "image": "t2", "select": {"EchoTime": 90}, "mask": {"format": "of", "image": "t1c"}}
    places = "--catalog", write_catalog(tmp_path, mr=cohort_of(both, other)), "--store", tmp_path / "store"
    command("series", "mr", *places, "--output", out := tmp_path / "series.csv")
    rows = list(csv.DictReader(out.read_text("utf-8").splitlines()))
    assert sorted((row["image"], row["left"]) for row in rows) == [("", "FRAME_OF_REFERENCE"), ("t1c", "")]


def test_descriptions_are_shown_when_asked_for_and_never_written(
    command: Callable[..., Any], catalog: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out" / "series.csv"
    options = ("--catalog", catalog, "--store", tmp_path / "store", "--output", out, "--left", "--descriptions")
    found = command("series", "mr", *options)
    assert f"T2 {CANARY}" in found.stdout and "may tell who a patient is" in found.stdout
    assert "Series of mr: 4 that are part of no image" in found.stdout
    assert "Muster" not in out.read_text("utf-8") + found.stderr


def test_series_of_withdrawn_patients_are_not_told(
    command: Callable[..., Any], catalog: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out, store = tmp_path / "out" / "series.csv", tmp_path / "store"
    options = ("--catalog", catalog, "--store", store, "--output", out)
    command("series", "mr", *options)
    (used,) = [row for row in csv.DictReader(out.read_text("utf-8").splitlines()) if row["image"]]
    patient = used["case"].rsplit(":", 1)[0]
    monkeypatch.setattr("features.results.withdraw.withdrawn_cases", lambda _store: frozenset({patient}))
    found = command("series", "mr", *options)
    assert patient not in found.stdout + out.read_text("utf-8")
    assert "Series of mr: 3" in found.stdout


def test_a_cohort_without_dicom_has_no_series(command: Callable[..., Any], catalog: Path, tmp_path: Path) -> None:
    found = command("series", "files", "--catalog", catalog, "--store", tmp_path / "store", code=2)
    assert 'cohort "files" has no source of DICOM files' in found.stderr
