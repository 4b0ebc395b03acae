"""Networks as a user asks for them: samples are made once and read by every network, whatever kills the refresh."""

import os
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

from features.core.storage.store import SAMPLES, Store
from features.images.index import file_cache
from features.results.manifest import Mart
from features.results.verify import verify
from tests.support.catalog import cohort_of, file_images, write_catalog
from tests.support.scans import save_nifti

pytestmark = pytest.mark.slow
ROOT = Path(__file__).parents[2]
PATIENTS = 3
RANDOM = {
    "kind": "network",
    "weights": "random",
    "seed": 7,
    "architecture": "efficientnet_lite",
    "samplings": ["largest"],
}
RECIPE = {
    "modality": "CT",
    "unit": "HU",
    "discretise": {"bin_width": 25},
    "window": [-100, 100],
    "extractors": ["efficientnet_lite0"],
}


class Cohort:
    """Three small CTs, a store, and recipes beside the catalog that every refresh extracts."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.store = folder, Store(folder / "store")
        rng = np.random.default_rng(0)
        mask = np.zeros((24, 20, 6), np.uint8)
        mask[8:15, 7:13, 2:5] = 1
        for i in range(PATIENTS):
            image = (rng.normal(0, 60, mask.shape) + 40 * mask).astype(np.int16)
            for name, array in (("image", image), ("mask", mask)):
                path = folder / "data" / f"p{i}" / f"{name}.nii.gz"
                save_nifti(path, array, np.diag([1.0, 1.0, 3.0, 1.0]))
                os.utime(path, (1e9, 1e9))  # files of this moment are read again, as they may still change
        self.catalog = write_catalog(folder / "data", demo=cohort_of(file_images()))
        self.places = ("--catalog", self.catalog, "--store", self.store.root)

    def recipe(self, name: str = "ct", **changes: Any) -> Path:
        path = self.folder / "data" / "recipes" / f"{name}.yaml"
        path.parent.mkdir(exist_ok=True)
        path.write_text(yaml.safe_dump({"default": True, **RECIPE, **changes}))
        return path

    def kept(self, *blocks: str) -> dict[str, int]:
        """The results that are kept, and when each was written."""
        found = (path for block in blocks for path in (self.store.root / "work" / block).rglob("*.parquet"))
        return {path.stem: path.stat().st_mtime_ns for path in found}

    def deep(self) -> dict[str, list[Any]]:
        found: dict[str, list[Any]] = Mart.open(self.store).read("deep", "demo").sort_by("case").to_pydict()
        return found

    def dictionary(self) -> list[dict[str, Any]]:
        rows: list[dict[str, Any]] = Mart.open(self.store).read("dictionary", "demo").to_pylist()
        return [row for row in rows if row["block"] == "deep" and row["role"] == "predictor"]


@pytest.fixture
def cohort(tmp_path: Path) -> Cohort:
    return Cohort(tmp_path)


opened: Counter[str] = Counter()
watching: list[bool] = []


@contextmanager
def opens() -> Iterator[Counter[str]]:
    """How often images and masks are opened meanwhile, whatever opens them."""

    def note(event: str, arguments: tuple[Any, ...]) -> None:
        if watching and event == "open" and str(arguments[0]).endswith(".nii.gz"):
            opened[str(arguments[0])] += 1

    if not opened:
        sys.addaudithook(note)
    opened.clear()
    watching.append(True)
    try:
        yield opened
    finally:
        watching.clear()


def test_another_network_opens_no_image(
    cohort: Cohort, inside: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(file_cache, "SAMPLE_FILES", 0)  # files whose bytes every refresh looks at again
    cohort.recipe()
    with opens() as first:
        inside("refresh", "demo", *cohort.places)
    assert len(first) == 2 * PATIENTS
    samples, features = cohort.kept(SAMPLES), cohort.kept("deep")
    assert (len(samples), len(features)) == (2 * PATIENTS, PATIENTS)  # of two samplings
    with opens() as again:
        inside("refresh", "demo", *cohort.places)
    assert not again
    assert cohort.kept("deep") == features

    cohort.recipe(extractors=["efficientnet_lite0", RANDOM])
    with opens() as more:
        inside("refresh", "demo", *cohort.places)
    assert not more, "what networks are shown is kept"
    assert cohort.kept(SAMPLES) == samples
    assert len(cohort.kept("deep")) == 2 * PATIENTS
    assert features.items() <= cohort.kept("deep").items()


def test_random_weights_are_marked_in_every_column_and_are_those_of_the_seed(
    cohort: Cohort, inside: Callable[..., Any]
) -> None:
    cohort.recipe(extractors=[RANDOM])
    inside("refresh", "demo", *cohort.places)
    first = cohort.deep()
    rows = cohort.dictionary()
    assert len(rows) == 1280
    assert all(row["name"].startswith("efficientnet_lite0_random__ct__largest_") for row in rows)
    assert all("RANDOM WEIGHTS of seed 7" in row["description"] and "RANDOM WEIGHTS" in row["version"] for row in rows)
    cohort.recipe(extractors=[{**RANDOM, "seed": 8}])
    inside("refresh", "demo", *cohort.places)
    name = rows[0]["name"]
    assert cohort.deep()[name] != first[name]
    shutil.rmtree(cohort.store.root)
    cohort.recipe(extractors=[RANDOM])
    inside("refresh", "demo", *cohort.places)
    assert np.allclose(cohort.deep()[name], first[name], rtol=0, atol=1e-5)


def test_the_dictionary_says_of_each_column_what_the_network_saw(cohort: Cohort, inside: Callable[..., Any]) -> None:
    cohort.recipe()
    inside("refresh", "demo", *cohort.places)
    rows = {row["name"]: row for row in cohort.dictionary()}
    assert len(rows) == 2560
    row = rows["efficientnet_lite0__ct__adjacent_0042"]
    assert (row["family"], row["filter"], row["recipe"], row["modality"]) == (
        "efficientnet_lite0",
        "adjacent",
        "ct",
        "CT",
    )
    for word in ("EfficientNet-Lite0, ImageNet", "adjacent", "average of features"):
        assert word in row["description"]
    assert "torch" in row["version"]


@pytest.mark.parametrize("block", [SAMPLES, "deep"])
def test_a_refresh_that_is_killed_between_samples_and_features_goes_on(
    cohort: Cohort, radweave: Callable[..., Any], inside: Callable[..., Any], block: str
) -> None:
    cohort.recipe(extractors=["efficientnet_lite0", RANDOM])
    command = [sys.executable, "-m", "flows.cli", "refresh", "demo", *cohort.places, "--workers", 1]
    process = subprocess.Popen(
        list(map(str, command)),
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        start_new_session=True,
        stderr=subprocess.DEVNULL,
    )
    while process.poll() is None and not cohort.kept(block):
        time.sleep(0.01)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    before = cohort.kept(SAMPLES, "deep")
    assert before
    assert not cohort.store.mart.exists()
    inside("refresh", "demo", *cohort.places)
    assert before.items() <= cohort.kept(SAMPLES, "deep").items(), "what is kept is not made again"
    assert len(cohort.kept("deep")) == 2 * PATIENTS
    assert verify(cohort.store).faults == ()
