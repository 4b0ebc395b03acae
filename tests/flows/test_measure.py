"""`radweave map` and `radweave agreement`, as users call them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from features.core.region import Volume
from features.images.formats.nifti import read_nifti, write_nifti

ROTATED = (0.8, -0.6, 0.0, 0.6, 0.8, 0.0, 0.0, 0.0, 1.0)


@pytest.fixture
def pair(tmp_path: Path) -> tuple[Path, Path]:
    array = np.random.default_rng(0).integers(0, 90, (5, 7, 8)).astype(np.int16)
    mask = np.zeros(array.shape, np.uint8)
    mask[1:4, 2:6, 2:7] = 2
    paths = tmp_path / "image.nii.gz", tmp_path / "mask.nii"
    for path, voxels in zip(paths, (array, mask), strict=True):
        write_nifti(path, Volume(voxels, (1.0, 1.5, 2.0), (10.0, -20.0, 30.0), ROTATED))
    return paths


def test_what_is_written_is_read_again(pair: tuple[Path, Path]) -> None:
    found = read_nifti(pair[0])
    np.testing.assert_array_equal(found.array, np.random.default_rng(0).integers(0, 90, (5, 7, 8)))
    assert found.matches(Volume(found.array, (1.0, 1.5, 2.0), (10.0, -20.0, 30.0), ROTATED))


def test_a_map_lies_on_the_image(pair: tuple[Path, Path], command: Callable, tmp_path: Path) -> None:
    out = tmp_path / "map.nii.gz"
    said = command("map", *pair, "--feature", "firstorder_Maximum", "--label", 2, "--out", out)
    assert "firstorder_Maximum round 60 voxels, from" in said.stdout
    image, mask, found = read_nifti(pair[0]), read_nifti(pair[1]), read_nifti(out)
    assert found.matches(image)
    inside = np.asarray(mask.array) == 2
    assert (found.array[inside] >= image.array[inside]).all()
    assert found.array[2, 3, 4] == image.array[1:4, 2:5, 3:6].max()
    assert not found.array[~inside].any()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--feature", "firstorder_Mean", "--label", 3], "LABEL_ABSENT: "),
        (["--feature", "firstorder_Men", "--label", 2], 'did you mean "Mean"?'),
        (["--feature", "shape_Volume", "--label", 2], 'there are no maps of "shape"'),
    ],
)
def test_faults_of_maps_are_told(
    pair: tuple[Path, Path], command: Callable, tmp_path: Path, options: list, message: str
) -> None:
    assert message in command("map", *pair, *options, "--out", tmp_path / "map.nii", code=2).stderr
    assert not (tmp_path / "map.nii").exists()


def test_a_map_is_written_over_nothing_that_is_read(pair: tuple[Path, Path], command: Callable, tmp_path: Path) -> None:
    asked = ("--feature", "firstorder_Mean", "--label", 2, "--out", pair[0])
    assert "is one of the files to read" in command("map", *pair, *asked, code=2).stderr
    gone = command("map", tmp_path / "gone.nii", pair[1], *asked, code=2).stderr
    assert "gone.nii: there is no such file" in gone


def test_one_rater_agrees_with_nobody(command: Callable, tmp_path: Path) -> None:
    table = tmp_path / "readers.csv"
    table.write_text("patient,reader,volume\np1,A,10\np2,A,3\n")
    asked = ("--target", "patient", "--rater", "reader", "--out", tmp_path / "scores.csv")
    assert 'the column "reader" names one rater' in command("agreement", table, *asked, code=2).stderr


def test_agreement_of_readers(command: Callable, tmp_path: Path) -> None:
    """Shrout & Fleiss 1979, table 2."""
    scores = [[9, 2, 5, 8], [6, 1, 3, 2], [8, 4, 6, 8], [7, 1, 2, 6], [10, 5, 6, 9], [6, 2, 4, 7]]
    rows = [{"patient": i, "reader": j, "Mean": x} for i, line in enumerate(scores) for j, x in enumerate(line)]
    table, out = tmp_path / "readers.csv", tmp_path / "scores.csv"
    pd.DataFrame(rows).to_csv(table, index=False)
    said = command("agreement", table, "--target", "patient", "--rater", "reader", "--out", out)
    assert "Stability, 6 regions × 4 measurements" in said.stdout
    found = pd.read_csv(out).set_index("feature").loc["Mean"]
    assert (round(found["icc_2_1"], 2), round(found["icc_3_1"], 2), found["n"], found["k"]) == (0.29, 0.71, 6, 4)
    wrong = command("agreement", table, "--target", "patients", "--rater", "reader", "--out", out, code=2)
    assert 'there is no column "patients". did you mean "patient"?' in wrong.stderr
