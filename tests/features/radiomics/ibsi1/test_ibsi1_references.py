"""IBSI-1 reference values: every family in every aggregation, digital phantom and CT configurations A to E."""

from __future__ import annotations

import csv
import math
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk

from features.core.recipe import FixedBinCount, FixedBinWidth
from features.core.region import Region, Volume
from features.radiomics.ibsi1.compute import AGGREGATIONS, Entry, compute_features, entries
from features.radiomics.ibsi1.prepare import prepare
from features.radiomics.ibsi1.settings import IbsiSettings, PrepareSettings

GOLDEN = Path(__file__).parents[3] / "golden"
BY_25 = {"discretise": FixedBinWidth(bin_width=25)}
BY_32 = {"discretise": FixedBinCount(bin_count=32)}
ON_2_MM = {"spacing_mm": (2, 2, 2), "round_intensities": True}
# Of each configuration of the CT phantom: how it is prepared, how features are computed, dimension of its textures,
# voxels of the morphological and of the intensity mask.
CONFIGURATIONS = {
    "a": ({"resegment": (-500, 400)}, {**BY_25, "bin_range": (-500, 400)}, "2", 125256, 114596),
    "b": (
        {**ON_2_MM, "spacing_mm": (2, 2, 0), "resegment": (-500, 400)},
        {**BY_32, "bin_range": (-500, 400)},
        "2",
        29842,
        27359,
    ),
    "c": (
        {**ON_2_MM, "resegment": (-1000, 400)},
        {**BY_25, "bin_range": (-1000, 400), "ivh": FixedBinWidth(bin_width=2.5)},
        "3",
        45985,
        45981,
    ),
    "d": ({**ON_2_MM, "outlier_sigma": 3}, BY_32, "3", 45985, 44465),
    "e": (
        {**ON_2_MM, "interpolator": "bspline", "resegment": (-1000, 400), "outlier_sigma": 3},
        {**BY_32, "ivh": FixedBinCount(bin_count=1000)},
        "3",
        45985,
        44484,
    ),
}


def _rows(name: str) -> list[dict[str, str]]:
    lines = (GOLDEN / name).read_text("utf-8").splitlines()
    return list(csv.DictReader((line for line in lines if not line.startswith("#")), delimiter=";"))


def _entries(dimension: str) -> list[Entry]:
    return entries(aggregations=[aggregation for aggregation in AGGREGATIONS if aggregation.startswith(dimension)])


def _groups(dimension: str) -> list[tuple[str, str]]:
    return list(dict.fromkeys((entry.family, entry.aggregation or "") for entry in _entries(dimension)))


def _misses(name: str, dimension: str, group: tuple[str, str], values: Mapping[str, float]) -> tuple[int, list[str]]:
    """How many references a family has in an aggregation, and which are missed.

    A value may differ by the tolerance and by half a unit of the third digit, to which references are rounded.
    """
    tags = {e.tag: e.name for e in _entries(dimension) if (e.family, e.aggregation or "") == group}
    rows = [row for row in _rows(f"ibsi1/{name}.csv") if row["tag"] in tags]
    misses = []
    for row in rows:
        reference, value = float(row["value"]), values[tags[row["tag"]]]
        rounding = 0.5 * 10 ** (math.floor(math.log10(abs(reference))) - 2) if reference else 0.0
        if not abs(value - reference) <= float(row["tolerance"]) + 1.000001 * rounding:
            misses.append(f"{row['tag']}: {value} is not {reference} ± {row['tolerance']}")
    return len(rows), misses


def phantom() -> Region:
    """The digital phantom: 5 × 4 × 4 voxels of 2 mm, 74 of them in the ROI."""
    array, mask = np.zeros((4, 4, 5)), np.zeros((4, 4, 5), bool)
    for row in _rows("ibsi_digital_phantom_voxels.csv"):
        place = int(row["z"]), int(row["y"]), int(row["x"])
        array[place], mask[place] = float(row["intensity"]), row["roi"] == "1"
    return prepare(Volume(array, (2.0, 2.0, 2.0)), mask, PrepareSettings())


@lru_cache(maxsize=1)
def _phantom_values() -> Mapping[str, float]:
    return compute_features(phantom(), IbsiSettings(discretise=None))


@pytest.mark.parametrize("group", _groups(""), ids="-".join)
def test_the_digital_phantom_has_the_reference_values(group: tuple[str, str]) -> None:
    number, misses = _misses("digital_phantom", "", group, _phantom_values())
    assert number >= 2
    assert misses == []


@lru_cache(maxsize=1)
def _scan(folder: Path) -> tuple[Volume, np.ndarray]:
    image, mask = (sitk.ReadImage(str(folder / f"{name}.nii.gz")) for name in ("phantom", "mask"))
    array = np.round(sitk.GetArrayFromImage(image).astype(np.float64))  # not every voxel of the file is whole
    return Volume(array, image.GetSpacing(), image.GetOrigin(), image.GetDirection()), sitk.GetArrayFromImage(mask) > 0


@lru_cache(maxsize=5)
def _prepared(folder: Path, name: str) -> Region:
    return prepare(*_scan(folder), PrepareSettings(**CONFIGURATIONS[name][0]))  # type: ignore[arg-type]


@lru_cache(maxsize=5)
def _values(folder: Path, name: str) -> Mapping[str, float]:
    _, settings, dimension, _, _ = CONFIGURATIONS[name]
    wanted = [aggregation for aggregation in AGGREGATIONS if aggregation.startswith(dimension)]
    return compute_features(_prepared(folder, name), IbsiSettings(**settings), aggregations=wanted)  # type: ignore[arg-type]


@pytest.fixture
def folder(public_data: Path) -> Path:
    return public_data / "ibsi1-ct-phantom" / "nifti"


@pytest.mark.slow
@pytest.mark.data
@pytest.mark.parametrize("name", CONFIGURATIONS)
def test_masks_of_the_ct_phantom_have_the_reference_sizes(folder: Path, name: str) -> None:
    prepared = _prepared(folder, name)
    assert (prepared.shape_mask.sum(), prepared.mask.sum()) == CONFIGURATIONS[name][3:]


@pytest.mark.slow
@pytest.mark.data
@pytest.mark.parametrize(
    ("name", "group"),
    [(name, group) for name in CONFIGURATIONS for group in _groups(CONFIGURATIONS[name][2])],
    ids=lambda value: value if isinstance(value, str) else "-".join(value),
)
def test_the_ct_phantom_has_the_reference_values(folder: Path, name: str, group: tuple[str, str]) -> None:
    number, misses = _misses(f"ct_{name}", CONFIGURATIONS[name][2], group, _values(folder, name))
    assert number >= 2
    assert misses == []


@pytest.mark.slow
@pytest.mark.data
@pytest.mark.parametrize("name", ["a", "c"])
def test_the_prepared_ct_phantom_has_the_reference_s_diagnostics(folder: Path, public_data: Path, name: str) -> None:
    path = public_data / "ibsi1-reference" / f"ibsi_1_chest_config_{name}.csv"
    rows = {row["tag"]: row for row in csv.DictReader(path.read_text("utf-8").splitlines(), delimiter=";")}
    column = "reference value"
    prepared = _prepared(folder, name)
    array = prepared.volume.array
    found = {f"img_dim_{axis}_interp_img": float(n) for axis, n in zip("zyx", array.shape, strict=True)}
    found |= {f"vox_dim_{axis}_interp_img": n for axis, n in zip("xyz", prepared.volume.spacing_mm, strict=True)}
    found |= {f"{word}_int_interp_img": float(getattr(np, word)(array)) for word in ("mean", "min", "max")}
    kept = array[prepared.mask]
    found |= {f"int_mask_{word}_int_reseg_roi": float(getattr(np, word)(kept)) for word in ("mean", "min", "max")}
    for tag, value in found.items():
        assert value == pytest.approx(float(rows[tag][column]), rel=5e-3, abs=float(rows[tag]["tolerance"])), tag


def test_every_reference_belongs_to_a_feature() -> None:
    tags = {entry.tag for entry in entries()}
    for path in (GOLDEN / "ibsi1").glob("*.csv"):
        assert {row["tag"] for row in _rows(f"ibsi1/{path.name}")} <= tags
    without = tags - {row["tag"] for row in _rows("ibsi1/digital_phantom.csv")}
    assert {tag.rsplit("_", 1)[-1] for tag in without} == {"ombb", "mvee", "auc"}
