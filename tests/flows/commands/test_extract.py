"""The command extract: a pair or a CSV of pairs in, every pair a row out, bad ones with their reason."""

import csv
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk

from features.core.storage.table import read_table
from tests.support.scans import save_itk


@pytest.fixture
def files(tmp_path: Path) -> Path:
    """A folder with an image, a mask of labels 1 and 2, a mask on another grid, and parameters for first-order features."""
    rng = np.random.default_rng(2)
    labels = np.zeros((8, 10, 12), np.uint8)
    labels[2:6, 2:8, 2:9] = 1
    labels[6, 2:6, 2:6] = 2
    for name, array in (("image.nrrd", rng.normal(50, 20, labels.shape).astype(np.int16)), ("mask.nii.gz", labels)):
        save_itk(tmp_path / name, array)
    save_itk(tmp_path / "short.mha", labels[:-1])
    (tmp_path / "param.yaml").write_text("featureClass: {firstorder: [Mean, Entropy]}\nsetting: {padDistance: 3}\n")
    return tmp_path


def pairs(folder: Path, rows: list[dict[str, str]]) -> Path:
    path = folder / "pairs.csv"
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return path


def test_a_pair_is_shown_as_a_table(files: Path, command: Callable) -> None:
    found = command("extract", files / "image.nrrd", files / "mask.nii.gz", "--param", files / "param.yaml")
    assert "Entropy" in found.stdout
    assert "note: " in found.stderr and "padDistance changes nothing" in found.stderr


@pytest.mark.parametrize("ending", ["json", "csv", "parquet"])
def test_a_file_is_written_by_its_ending(files: Path, command: Callable, ending: str) -> None:
    out = files / f"features.{ending}"
    command("extract", files / "image.nrrd", files / "mask.nii.gz", "-p", files / "param.yaml", "-l", 2, "-o", out)
    if ending == "json":
        (row,) = json.loads(out.read_text())
        assert row["diagnostics_Mask-original_BoundingBox"] == [2, 2, 6, 4, 4, 1]
    elif ending == "csv":
        (row,) = csv.DictReader(out.read_text().splitlines())
    else:
        (row,) = read_table(out).to_pylist()
        assert row["diagnostics_Mask-original_VoxelNum"] == 16
    assert row["Image"] == str(files / "image.nrrd")
    assert row["diagnostics_Outcome"] == "computed"
    assert float(row["original_firstorder_Mean"]) == pytest.approx(50, abs=30)


@pytest.mark.slow
def test_what_a_reader_notices_is_told_in_the_row_and_on_the_screen(files: Path, command: Callable) -> None:
    bare = sitk.ReadImage(str(files / "image.nrrd"))
    sitk.WriteImage(bare, str(files / "image.nii"))
    data = bytearray((files / "image.nii").read_bytes())
    data[252:256] = bytes(4)  # qform_code, sform_code
    (files / "image.nii").write_bytes(data)
    sitk.WriteImage(sitk.ReadImage(str(files / "mask.nii.gz")), str(files / "mask.nii"))
    mask = bytearray((files / "mask.nii").read_bytes())
    mask[252:256] = bytes(4)
    (files / "mask.nii").write_bytes(mask)
    for out, form in ((files / "x.json", "json"), (files / "x.csv", "csv")):
        found = command("extract", files / "image.nii", files / "mask.nii", "-p", files / "param.yaml", "--output", out)
        row = json.loads(out.read_text())[0] if form == "json" else next(csv.DictReader(out.read_text().splitlines()))
        assert row["diagnostics_Outcome"] == "computed"
        told = row["diagnostics_Outcome_Warnings"]
        assert told.startswith(
            f"ORIENTATION_UNKNOWN: {files / 'image.nii'}: neither sform nor qform has a code; convert"
        )
        assert f"warning: {told}" in found.stderr
        assert found.stderr.count("ORIENTATION_UNKNOWN") == 1  # that of the mask is the same
    table = pairs(files, [{"Image": "image.nii", "Mask": "mask.nii"}] * 3)
    said = command("extract", table, "-p", files / "param.yaml", "-f", "csv").stderr
    assert "; and 2 more of the kind" in said


def test_without_a_file_json_and_csv_go_to_the_screen(files: Path, command: Callable) -> None:
    arguments = ("extract", files / "image.nrrd", files / "mask.nii.gz", "-p", files / "param.yaml", "--format")
    (row,) = json.loads(command(*arguments, "json").stdout)
    assert row["original_firstorder_Entropy"] > 0
    assert command(*arguments, "csv").stdout.startswith('"Image","Mask","diagnostics_Outcome"')


def test_a_name_in_brackets_is_shown_as_it_is(files: Path, command: Callable) -> None:
    image = (files / "image.nrrd").rename(files / "[bold]x.nrrd")
    assert "[bold]x.nrrd" in command("extract", image, files / "mask.nii.gz", "-p", files / "param.yaml").stdout


@pytest.mark.slow
def test_a_pair_with_undefined_features_counts_as_partly(files: Path, command: Callable) -> None:
    save_itk(files / "flat.nrrd", np.full((8, 10, 12), 7, np.int16))
    (files / "glcm.yaml").write_text("featureClass: {glcm: [MCC]}\n")
    table = pairs(files, [{"Image": name, "Mask": "mask.nii.gz"} for name in ("image.nrrd", "flat.nrrd")])
    said = command("extract", table, "-p", files / "glcm.yaml").stderr
    assert "partly: pair 2: MASK_FLAT: " in said
    assert "2 pairs: 1 computed, 1 partly, 0 failed" in said


def test_a_table_may_be_written_too(files: Path, command: Callable) -> None:
    out = files / "new" / "table.txt"
    arguments = ("extract", files / "image.nrrd", files / "mask.nii.gz", "-p", files / "param.yaml")
    assert command(*arguments, "--format", "table", "--out", out).stdout == ""
    assert "Entropy" in out.read_text("utf-8")


def test_a_bad_pair_alone_fails_with_its_reason(files: Path, command: Callable) -> None:
    found = command(
        "extract", files / "image.nrrd", files / "short.mha", "-p", files / "param.yaml", "-o", files / "x.json", code=3
    )
    assert "failed: GEOMETRY" in found.stderr
    assert "size (12, 10, 8) and (12, 10, 7)" in found.stderr
    assert json.loads((files / "x.json").read_text())[0]["diagnostics_Outcome_Code"] == "GEOMETRY"


@pytest.mark.parametrize(
    "words", [("extract",), ("map", "--feature", "firstorder_Mean", "--out")], ids=lambda words: words[0]
)
def test_an_image_that_the_memory_does_not_hold_is_rejected_before_it_is_read_and_one_that_lies_for_its_lie(
    files: Path, command: Callable, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...]
) -> None:
    """Whatever its format. Here the memory is small; elsewhere the header is large."""
    monkeypatch.setattr("features.core.memory.machine_memory", lambda: 1000)
    image = sitk.ReadImage(str(files / "image.nrrd"))
    options = (*words[1:], files / "maps.nii") if words[1:] else ()
    for name in ("image.nrrd", "image.mha", "image.nii", "image.nii.gz"):
        sitk.WriteImage(image, str(files / name))
        found = command(words[0], files / name, files / "mask.nii.gz", *options, code=3).stderr
        assert "OOM_RISK: " in found and "extract with fewer --jobs" in found
    (files / "image.nii").write_bytes((files / "image.nii").read_bytes()[:-1])
    assert "NII_TRUNC: " in command(words[0], files / "image.nii", files / "mask.nii.gz", *options, code=3).stderr


BAD = (
    (
        "gone.nrrd",
        "mask.nii.gz",
        "1",
        "IMAGE_MISSING",
        "gone.nrrd: there is no such file; give the path of a file that is there",
    ),
    ("image.nrrd", "gone.nii", "1", "MASK_MISSING", "gone.nii"),
    ("image.nrrd", "", "1", "MASK_MISSING", "the cell of Mask is empty"),
    ("image.nrrd", "mask.nii.gz", "7", "LABEL_ABSENT", "labels that are there: 1, 2"),
    ("image.nrrd", "mask.nii.gz", "one", "MASK_VALUES", "not a whole number"),
    ("image.nrrd", "short.mha", "1", "GEOMETRY", "size"),
)


@pytest.mark.slow
def test_every_pair_of_a_csv_is_a_row(files: Path, command: Callable) -> None:
    good = [("image.nrrd", "mask.nii.gz", ""), ("image.nrrd", "mask.nii.gz", "2.0")]
    rows = [
        {"ID": f"p{i}", "Image": image, "Mask": mask, "Label": label, "Centre": "A"}
        for i, (image, mask, label, *_) in enumerate([*good, *BAD])
    ]
    out = files / "features.csv"
    found = command("extract", pairs(files, rows), "-p", files / "param.yaml", "-o", out, "--jobs", 2, code=3)
    written = list(csv.DictReader(out.read_text().splitlines()))
    assert [row["ID"] for row in written] == [row["ID"] for row in rows]
    assert {row["Centre"] for row in written} == {"A"}
    assert [row["diagnostics_Outcome_Code"] for row in written] == ["", "", *(code for *_, code, _ in BAD)]
    for row, (*_, message) in zip(written[2:], BAD, strict=True):
        assert message in row["diagnostics_Outcome_Message"]
        assert row["original_firstorder_Mean"] == ""
    assert written[0]["original_firstorder_Mean"] != written[1]["original_firstorder_Mean"] != ""
    assert "8 pairs: 2 computed, 6 failed" in found.stderr
    assert "failed: p6: MASK_VALUES: Label 'one'" in found.stderr


@pytest.mark.parametrize(
    ("code", "arguments", "message"),
    [
        (2, ["image.nrrd"], "give a mask too"),
        (3, ["gone.csv"], "gone.csv: cannot be read: No such file or directory"),
        (3, ["semicolons.csv"], "found Image;Mask; columns are separated by commas"),
        (3, ["void.csv"], "found none"),
        (2, ["many.csv", "--out", "many.csv"], "is one of the files to read"),
        (3, ["empty.csv"], "holds no pairs"),
        (3, ["wrong.csv"], 'there is no column "Image"'),
        (2, ["many.csv"], "do not fit on a screen"),
        (2, ["image.nrrd", "mask.nii.gz", "--out", "x.xlsx"], "allowed: .json, .csv, .parquet"),
        (2, ["image.nrrd", "mask.nii.gz", "--format", "parquet"], "needs --out"),
        (2, ["image.nrrd", "mask.nii.gz", "--param", "gone.yaml"], "there is no such file"),
    ],
)
def test_faults_of_the_user_are_told_before_work_begins(
    files: Path, command: Callable, code: int, arguments: list[str], message: str
) -> None:
    (files / "empty.csv").write_text("Image,Mask\n")
    (files / "wrong.csv").write_text("image,Mask\na,b\n")
    (files / "semicolons.csv").write_text("Image;Mask\na;b\n")
    (files / "void.csv").write_text("")
    (files / "many.csv").write_text("Image,Mask\n" + "a,b\n" * 7)
    found = command("extract", *(files / word if "." in word else word for word in arguments), code=code)
    assert message in found.stderr
