"""Readers the way a user takes: their masks are declared, refreshed, and compared."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml

from features.core.storage.store import Store
from features.results.manifest import Mart
from features.results.readers import reader_pairs, readers_of
from tests.support.catalog import cohort_of, file_images, write_catalog
from tests.support.page import Page
from tests.support.scans import save_itk

SHAPE = (12, 24, 30)
RECIPE = {
    "modality": "CT",
    "unit": "HU",
    "roi": ["gtv_by_anna", "gtv_by_ben", "gtv_by_cora"],
    "discretise": {"bin_width": 25},
    "extractors": [{"kind": "radweave", "families": ["shape"]}],
}


def box(start: int, length: int) -> np.ndarray:
    array = np.zeros(SHAPE, np.uint8)
    array[2:10, 4:20, start : start + length] = 1
    return array


@pytest.fixture
def refreshed(tmp_path: Path, command: Callable) -> Store:
    """Six patients; ben draws two slices more than anna, cora as anna; nobody but anna draws P6, cora does not draw P5."""
    rng = np.random.default_rng(0)
    for i in range(1, 7):
        folder = tmp_path / "data" / f"P{i}"
        save_itk(folder / "ct.nii", rng.normal(40, 10, SHAPE).astype(np.int16), spacing=(1.0, 1.0, 2.0))
        for reader, more in (("anna", 0), ("ben", 2), ("cora", 0)):
            if (i == 6 and reader != "anna") or (i == 5 and reader == "cora"):
                continue
            save_itk(folder / f"{reader}.nii", box(5, 4 + 2 * i + more), spacing=(1.0, 1.0, 2.0))
    mask = {"format": "nifti", "path": "{patient}/{reader}.nii", "readers": ["anna", "ben", "cora"], "rois": {"gtv": 1}}
    source = {**file_images("{patient}/ct.nii"), "mask": mask}
    catalog = write_catalog(tmp_path, demo=cohort_of(source, root="data"))
    (tmp_path / "ct_readers.yaml").write_text(yaml.safe_dump(RECIPE))
    store = Store(tmp_path / "store")
    places = "--catalog", catalog, "--store", store.root, "--runner", "threads", "--failure-threshold", 1
    command("refresh", "--recipe", tmp_path / "ct_readers.yaml", *places)
    return store


@pytest.mark.slow
def test_masks_and_features_of_readers_are_compared(refreshed: Store, command: Callable, tmp_path: Path) -> None:
    mart = Mart.open(refreshed)
    assert readers_of(mart, "demo") == {("CT", "gtv"): ("anna", "ben", "cora")}
    pairs = {(pair.one, pair.other): pair for pair in reader_pairs(mart, "demo")}
    same, more = pairs["anna", "cora"], pairs["anna", "ben"]
    assert (same.cases, same.dice_lowest, same.hausdorff95_highest_mm, same.more_ml) == (4, 1, 0, 0)
    assert (more.cases, more.hausdorff95_highest_mm) == (5, 2)
    assert more.dice_lowest == pytest.approx(2 * 6 / (6 + 8))
    assert more.more_ml == pytest.approx(2 * 8 * 16 * 2 / 1000)
    region = mart.read("region", "demo", ["case", "region__ct__gtv__volume_ml", "region__ct__gtv__readers"]).to_pylist()
    assert sorted(row["region__ct__gtv__readers"] or 0 for row in region) == [0, 2, 3, 3, 3, 3]
    said = {(row["code"], row["roi"]) for row in mart.read("warnings", "demo").to_pylist()}
    assert {("READERS_FEWER", "gtv"), ("ROI_ABSENT", "gtv_by_cora")} <= said
    (refused,) = mart.read("quarantine", "demo").to_pylist()
    assert (refused["code"], refused["roi"], refused["details"]) == ("READERS_FEW", "gtv", '{"of": 3, "readers": 1}')

    tables = Page(refreshed.quality("demo").read_text("utf-8")).tables
    assert ["CT", "gtv", "anna, cora", "4", "1", "1", "0", "0", "0", "0"] in tables["table-readers"].rows
    assert tables["table-readers-least"].rows[1][4:] == ["0.857", "2"]
    presence = {row[0]: row[1] for row in tables["table-presence"].rows[1:]}
    assert (presence["gtv"], presence["gtv_by_cora"]) == ("6 of 6 (1 rejected)", "4 of 6 (2 absent)")

    out = tmp_path / "scores.csv"
    shown = command("agreement", "--cohort", "demo", "--roi", "gtv", "--store", refreshed.root, "--out", out).stdout
    assert "anna, ben" in shown and "+0.51" in shown and "Stability, 4 regions × 3 measurements" in shown
    scores = pd.read_csv(out).set_index("feature").loc["radweave__ct_readers__original_shape_VoxelVolume"]
    assert scores["icc_2_1"] < 0.99 and scores["icc_3_1"] == pytest.approx(1)
    assert (scores["n"], scores["k"]) == (4, 3)

    places = "--store", refreshed.root, "--out", out
    assert 'Did you mean "gtv"' in command("agreement", "--cohort", "demo", "--roi", "gtw", *places, code=3).stderr
    none = command("agreement", "--cohort", "demo", "--recipe", "ct_lung", *places, code=3).stderr
    assert "say in a recipe roi: [gtv_by_anna, gtv_by_ben, gtv_by_cora]" in none
    assert "either a table" in command("agreement", *places, code=2).stderr
