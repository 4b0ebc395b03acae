"""ROIs that programs make on a user's way: refresh, tables, quarantine, unneeded results, and a study that refuses them."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from features.core.catalog.catalog import load_catalog
from features.core.kinds.recipe import Recipe
from features.core.storage.store import LABEL_MAPS, Store
from features.fusion.fuse import fuse
from features.fusion.question import Question
from features.results.manifest import Mart
from features.results.published import Published
from features.results.unneeded import remove_unneeded
from flows.refresh import refresh_cohort
from tasks.running.pool import Pool
from tasks.running.runner import Runner
from tasks.running.runners.processes import Processes
from tasks.running.runners.threads import Threads
from tests.features.images.index.test_computed import BOXES, FALLBACK, MAP, PET, make_pet, program
from tests.support.catalog import cohort_of, file_images, write_catalog

pytestmark = pytest.mark.slow
RECIPE: dict[str, Any] = {
    "name": "pet",
    **PET,
    "spacing_mm": [2, 2, 2],
    "discretise": {"bin_width": 0.5},
    "extractors": [{"kind": "radweave", "families": ["firstorder"]}],
}


def refresh(catalog: Path, store: Store, runner: Runner | None = None) -> Published:
    with Pool(runner or Threads(workers=1)) as pool:
        return refresh_cohort("demo", [Recipe.model_validate(RECIPE)], catalog, store, pool)


def design_of(mart: Mart, catalog: Path, **changes: Any) -> Any:
    question = Question(("demo",), "", "baseline", (Recipe.model_validate(RECIPE),), missing_block="keep", **changes)
    return fuse(mart, load_catalog(catalog), question)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    place = tmp_path / "cohort"
    place.mkdir()
    for number in range(1, 5):
        make_pet(place, f"P{number}", mask=number < 4)
    (place / "boxes.csv").write_text(BOXES + "P4,,-1,13,-1,13,-1,13\n")
    return place


def test_every_table_says_how_a_roi_was_made_and_a_study_can_refuse_it(folder: Path, tmp_path: Path) -> None:
    catalog = write_catalog(folder, demo=cohort_of(file_images(**PET) | {"mask": {**MAP, "otherwise": FALLBACK}}))
    store = Store(tmp_path / "store")
    refresh(catalog, store)
    mart = Mart.open(store)
    scans = mart.read("scans", "demo").to_pylist()
    assert sorted((one["segmentation"], one["state"]) for one in scans) == [("given", "used")] * 3 + [
        ("semiautomatic", "used")
    ]
    assert [one["segmented_by"] for one in scans if one["segmentation"] == "given"] == [""] * 3
    by = next(one for one in scans if one["segmentation"] == "semiautomatic")
    assert '"kind": "percent_of_max"' in by["segmented_by"]
    region = mart.read("region", "demo").to_pylist()
    assert sorted(one["region__pt__segmentation"] for one in region) == ["given"] * 3 + ["semiautomatic"]
    warnings = mart.read("warnings", "demo").to_pylist()
    assert {(one["code"], one["segmentation"], one["case"]) for one in warnings if one["code"] == "SEGMENTED"} == {
        ("SEGMENTED", "semiautomatic", by["case"])
    }
    every = design_of(mart, catalog)
    assert len(every.X) == 4
    told = [row for row in every.flow if "how ROIs were made" in row.step]
    assert [(one.step, one.count_in, one.count_out) for one in told] == [
        ("demo: how ROIs were made (3 given, 1 semiautomatic)", 4, 4)
    ]
    drawn = design_of(mart, catalog, segmentation=("given", "manual"))
    (row,) = [row for row in drawn.flow if "how ROIs were made" in row.step]
    assert (row.count_in, row.count_out, dict(row.reasons)) == (4, 3, {"ROI semiautomatic, which the study refuses": 1})
    assert by["case"] not in drawn.X.index


def test_a_command_makes_masks_once_and_they_leave_with_their_images(folder: Path, tmp_path: Path) -> None:
    for patient in ("P3", "P4"):
        shutil.rmtree(folder / patient)
    image = file_images(**PET) | {"mask": program(folder)}
    catalog = write_catalog(folder, demo=cohort_of(image))
    store = Store(tmp_path / "store")
    refresh(catalog, store, Processes(workers=1))
    scans = Mart.open(store).read("scans", "demo").to_pylist()
    assert [(one["segmentation"], one["state"]) for one in scans] == [("automatic", "used")] * 2
    assert str(folder) not in " ".join(one["segmented_by"].replace(str(folder / "segmenter.py"), "") for one in scans)
    kept = store.results()[LABEL_MAPS]
    assert len(kept) == 1, "equal images of two patients have one label map"
    remove_unneeded(store, 1)
    assert store.results()[LABEL_MAPS] == kept
    fails = {**program(folder, "fail"), "time_limit_s": 30}
    write_catalog(folder, demo=cohort_of(image | {"mask": fails}))
    refresh(catalog, store)
    told = Mart.open(store).read("quarantine", "demo").to_pylist()
    assert {(one["code"], one["segmentation"], one["message"]) for one in told} == {
        ("COMMAND_FAILED", "automatic", "the command ended with the status 3")
    }
    assert sys.executable not in " ".join(str(one) for one in told)
    assert np.all([one["state"] == "COMMAND_FAILED" for one in Mart.open(store).read("scans", "demo").to_pylist()])
