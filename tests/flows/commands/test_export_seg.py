"""export-seg: which cases, where to, and what is refused."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from pydicom import dcmread

from features.core.storage.table import read_table


def test_where_the_files_go_must_be_said_once(command: Callable[..., Any], tmp_path: Path) -> None:
    for options in ((), ("--output", tmp_path, "--pacs", "https://pacs.test")):
        assert "--output FOLDER, or --pacs URL" in command("export-seg", "demo", *options, code=2).stderr


def test_files_that_name_patients_stay_out_of_the_store(command: Callable[..., Any], tmp_path: Path) -> None:
    found = command("export-seg", "demo", "--store", tmp_path, "--output", tmp_path / "out", code=2)
    assert "must not lie in the store" in found.stderr


def test_a_password_in_the_url_is_refused_and_not_shown(command: Callable[..., Any], tmp_path: Path) -> None:
    url = "https://reader:hunter2-canary@pacs.test/dicom-web"
    found = command("export-seg", "demo", "--store", tmp_path, "--pacs", url, code=2)
    assert "holds a user or a password" in found.stderr and "hunter2" not in found.stderr + found.stdout


@pytest.mark.slow
def test_cases_are_chosen_by_their_beginning(command: Callable[..., Any], demo: Any, tmp_path: Path) -> None:
    where = ("--catalog", demo.catalog, "--store", demo.store)
    scans = read_table(demo.store / "mart" / "scans" / "builtin.parquet").to_pylist()
    usable = [row for row in scans if row["image_format"] == "dicom" and row["state"] == "used"]
    (one,) = [row for row in usable if row["timepoint"] == "week4"][:1]
    out = tmp_path / "out"
    answer = command("export-seg", "builtin", "--case", one["case"], "--output", out, "--description", "trial", *where)
    assert "2 files of 1 scan" in answer.stdout
    names = {f"CT_{one['image_digest'][:12]}_{kind}.dcm" for kind in ("seg", "sr")}
    assert {path.name for path in out.iterdir()} == names
    seg, report = (dcmread(out / name) for name in sorted(names))
    assert (seg.SeriesDescription, report.SeriesDescription) == ("trial ROI", "trial features")
    assert (seg.Modality, report.Modality) == ("SEG", "SR") and seg.StudyInstanceUID == report.StudyInstanceUID
    told = str(seg) + str(report)
    assert one["patient"] not in told and "IBSI" in told
    volume = read_table(demo.store / "mart" / "region" / "builtin.parquet").to_pylist()
    (wanted,) = [row["region__ct__volume_ml"] for row in volume if row["case"] == one["case"]]
    spacing = seg.SharedFunctionalGroupsSequence[0].PixelMeasuresSequence[0]
    voxel_ml = float(spacing.PixelSpacing[0]) * float(spacing.PixelSpacing[1]) * float(spacing.SpacingBetweenSlices)
    assert seg.pixel_array.sum() * voxel_ml / 1000 == pytest.approx(wanted)
    nobody = command("export-seg", "builtin", "--case", "builtin:nobody", "--output", out, *where, code=3)
    assert "has no such case" in nobody.stderr
