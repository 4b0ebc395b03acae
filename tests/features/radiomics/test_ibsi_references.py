"""IBSI-1 reference values: every family in every aggregation, digital phantom and CT configurations A to E."""

from __future__ import annotations

import csv
import math
import shutil
from collections.abc import Callable, Mapping
from functools import lru_cache
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from features.core.region import Region, Volume
from features.core.storage.store import Store
from features.radiomics.dialects.ibsi import AGGREGATIONS, Entry, entries
from features.radiomics.dialects.settings import IbsiSettings
from features.radiomics.ibsi_features import compute_ibsi_features
from features.results.manifest import Mart

GOLDEN = Path(__file__).parents[2] / "golden"
CONFIGURATIONS = {"a": "2", "b": "2", "c": "3", "d": "3", "e": "3"}  # of the CT phantom: dimension of the textures


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
    return Region(Volume(array, (2.0, 2.0, 2.0)), mask)


@lru_cache(maxsize=1)
def _phantom_values() -> Mapping[str, float]:
    return compute_ibsi_features(phantom(), IbsiSettings(discretise=None))


@pytest.mark.parametrize("group", _groups(""), ids="-".join)
def test_the_digital_phantom_has_the_reference_values(group: tuple[str, str]) -> None:
    number, misses = _misses("digital_phantom", "", group, _phantom_values())
    assert number >= 2
    assert misses == []


CATALOG = """version: 1
cohorts:
  ibsi:
    title: IBSI's CT phantom, as DICOM with contours and as NIfTI
    licence: CC BY-NC 3.0
    root: .
    centres: {dicom: {}, nifti: {}}
    images:
    - centre: dicom
      modality: CT
      unit: HU
      format: dicom
      path: packed
      mask: {format: rtstruct, roi: GTV-1}
    - centre: nifti
      modality: CT
      unit: HU
      format: nifti
      path: "files/{patient}_phantom.nii.gz"
      mask: {format: nifti, path: "files/{patient}_mask.nii.gz"}
"""


@pytest.mark.slow
@pytest.mark.data
def test_the_recipes_of_ibsi_give_the_ct_phantom_its_reference_values(
    public_data: Path, tmp_path: Path, command: Callable[..., Any]
) -> None:
    folder, root = public_data / "ibsi1-ct-phantom", tmp_path / "cohort"
    for place, name in (("packed", "dicom.tar.gz"), ("files", "nifti/phantom.nii.gz"), ("files", "nifti/mask.nii.gz")):
        (root / place).mkdir(parents=True, exist_ok=True)
        source = folder / name
        shutil.copy(source, root / place / (f"one_{source.name}" if place == "files" else source.name))
    (root / "data_catalog.yaml").write_text(CATALOG)
    recipes = [word for name in CONFIGURATIONS for word in ("--recipe", f"ibsi/{name}")]
    places = ["--catalog", root / "data_catalog.yaml", "--store", tmp_path / "store"]
    command("refresh", "ibsi", *recipes, *places, "--runner", "threads", "--workers", 1)
    table = Mart.open(Store(tmp_path / "store")).read("radiomics", "ibsi")
    assert table["centre"].to_pylist() == ["dicom", "nifti"]
    for row, (name, dimension) in product(table.to_pylist(), CONFIGURATIONS.items()):
        values = {entry.name: row[f"ibsi__ibsi_{name}__original_{entry.name}"] for entry in _entries(dimension)}
        found = [_misses(f"ct_{name}", dimension, group, values) for group in _groups(dimension)]
        assert sum(number for number, _ in found) == (346 if dimension == "2" else 210)
        assert [miss for _, misses in found for miss in misses] == [], (row["centre"], name)


def test_every_reference_belongs_to_a_feature() -> None:
    tags = {entry.tag for entry in entries()}
    for path in (GOLDEN / "ibsi1").glob("*.csv"):
        assert {row["tag"] for row in _rows(f"ibsi1/{path.name}")} <= tags
    without = tags - {row["tag"] for row in _rows("ibsi1/digital_phantom.csv")}
    assert {tag.rsplit("_", 1)[-1] for tag in without} == {"ombb", "mvee", "auc"}
