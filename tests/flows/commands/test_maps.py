"""`radweave map`, as users call it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
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


def _names(folder: Path) -> set[str]:
    return {path.name.removesuffix(".nii.gz") for path in folder.iterdir()}


def test_what_is_written_is_read_again(pair: tuple[Path, Path]) -> None:
    found = read_nifti(pair[0])
    np.testing.assert_array_equal(found.array, np.random.default_rng(0).integers(0, 90, (5, 7, 8)))
    assert found.matches(Volume(found.array, (1.0, 1.5, 2.0), (10.0, -20.0, 30.0), ROTATED))


def test_a_map_lies_on_the_image(pair: tuple[Path, Path], command: Callable, tmp_path: Path) -> None:
    out = tmp_path / "map.nii.gz"
    said = command("map", *pair, "--feature", "firstorder_Maximum", "--label", 2, "--output", out)
    assert "firstorder_Maximum round 60 voxels, from" in said.stdout
    image, mask, found = read_nifti(pair[0]), read_nifti(pair[1]), read_nifti(out)
    assert found.matches(image)
    inside = np.asarray(mask.array) == 2
    assert (found.array[inside] >= image.array[inside]).all()
    assert found.array[2, 3, 4] == image.array[1:4, 2:5, 3:6].max()
    assert not found.array[~inside].any()


def test_features_and_families_go_into_a_folder(pair: tuple[Path, Path], command: Callable, tmp_path: Path) -> None:
    asked = ("--feature", "ngtdm", "--feature", "glcm_Contrast", "--feature", "original_glcm_Id", "--label", 2)
    said = command("map", *pair, *asked, "--out", tmp_path / "maps", "--crop", "--jobs", 2)
    assert "maps: 7 maps round 60 voxels" in said.stdout
    tones = {f"original_ngtdm_{name}" for name in ("Busyness", "Coarseness", "Complexity", "Contrast", "Strength")}
    assert _names(tmp_path / "maps") == tones | {"original_glcm_Contrast", "original_glcm_Id"}
    whole = tmp_path / "contrast.nii"
    command("map", *pair, "--feature", "glcm_Contrast", "--label", 2, "--out", whole)
    cropped = read_nifti(tmp_path / "maps" / "original_glcm_Contrast.nii.gz")
    assert cropped.array.shape == (5, 6, 7)  # the ROI and a voxel around it
    np.testing.assert_array_equal(cropped.array, read_nifti(whole).array[0:5, 1:7, 1:8])
    np.testing.assert_allclose(cropped.origin_mm, [10 + 0.8 - 0.9, -20 + 0.6 + 1.2, 30.0], atol=1e-5)


def test_pairs_of_a_table_by_a_parameter_file(pair: tuple[Path, Path], command: Callable, tmp_path: Path) -> None:
    table, param, out = tmp_path / "pairs.csv", tmp_path / "param.yaml", tmp_path / "maps"
    table.write_text("ID,Image,Mask\nA,image.nii.gz,mask.nii\nB,gone.nii,mask.nii\n")
    param.write_text(
        "setting: {label: 2, binWidth: 10}\nimageType: {Original: {}, Square: {}}\nvoxelSetting: {initValue: -1}\n"
        "featureClass: {firstorder: [Mean, Entropy], shape: }\n"
    )
    said = command("map", table, "--param", param, "--out", out, code=3)
    assert "A: 4 maps round 60 voxels" in said.stdout
    assert "B: IMAGE_MISSING: " in said.stderr
    assert "gone.nii: there is no such file" in said.stderr
    assert "2 pairs: 1 mapped, 1 failed" in said.stderr
    assert "voxelSetting" not in said.stderr
    assert f"note: {param}: shape has no maps" in said.stderr
    assert _names(out / "A") == {f"{i}_firstorder_{f}" for i in ("original", "square") for f in ("Mean", "Entropy")}
    assert read_nifti(out / "A" / "square_firstorder_Mean.nii.gz").array.min() == -1
    command("map", table, "--param", param, "--feature", "gldm_DependenceEntropy", "--out", tmp_path / "gldm", code=3)
    assert _names(tmp_path / "gldm" / "A") == {f"{i}_gldm_DependenceEntropy" for i in ("original", "square")}


@pytest.mark.parametrize(
    ("options", "message", "code"),
    [
        (["--feature", "firstorder_Mean", "--label", 3], "LABEL_ABSENT: ", 3),
        (["--feature", "firstorder_Men", "--label", 2], 'Did you mean "Mean"?', 2),
        (["--feature", "shape_Volume", "--label", 2], 'there are no maps of "shape"', 2),
        (["--label", 2], "say what to map: --feature", 2),
        (["--feature", "ngtdm", "--label", 2], "5 maps of 1 pair need a folder", 2),
        (["--feature", "firstorder_Mean", "--bin-width", 0], "needed is a width above 0", 2),
        (["--param", "param.yaml", "--flat"], "in param.yaml it is setting.force2D", 2),
    ],
)
def test_faults_of_maps_are_told(
    pair: tuple[Path, Path], command: Callable, tmp_path: Path, options: list, message: str, code: int
) -> None:
    assert message in command("map", *pair, *options, "--out", tmp_path / "map.nii", code=code).stderr
    assert not (tmp_path / "map.nii").exists()


def test_a_file_of_shape_alone_has_no_maps(pair: tuple[Path, Path], command: Callable, tmp_path: Path) -> None:
    param = tmp_path / "param.yaml"
    param.write_text("featureClass: {shape: }\n")
    said = command("map", *pair, "--param", param, "--out", tmp_path / "maps", code=2)
    assert "names no feature that maps are made of" in said.stderr


def test_a_map_is_written_over_nothing_that_is_read(pair: tuple[Path, Path], command: Callable, tmp_path: Path) -> None:
    asked = ("--feature", "firstorder_Mean", "--label", 2, "--out", pair[0])
    assert "is one of the files to read" in command("map", *pair, *asked, code=2).stderr
    table = tmp_path / "pairs.csv"
    for names, message in (("A,A", '"A" stands twice'), ("A,../B", '"../B" is no name of a folder')):
        table.write_text("ID,Image,Mask\n" + "".join(f"{name},image.nii.gz,mask.nii\n" for name in names.split(",")))
        said = command("map", table, "--feature", "ngtdm", "--out", tmp_path / "maps", code=2)
        assert message in said.stderr
