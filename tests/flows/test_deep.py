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
    inside("refresh", "demo", *cohort.places)  # on a busy machine it may have come to its end first
    assert before.items() <= cohort.kept(SAMPLES, "deep").items(), "what is kept is not made again"
    assert len(cohort.kept("deep")) == 2 * PATIENTS
    assert verify(cohort.store).faults == ()


CARD = {
    "title": "Ours",
    "architecture": {"kind": "lenet"},
    "weights": {"file": "ours.pth", "get": "ask those who trained it"},
    "trained_on": "phantoms",
    "source": "nowhere",
    "licence": "ours",
    "permitted_use": "TESTS ONLY",
    "input": {"modalities": ["CT"], "unit": "HU", "size": [32, 32], "mean": [0], "std": [1], "samplings": ["largest"]},
    "output": {"pooling": "average", "width": 120},
}


@pytest.fixture
def own_card(cohort: Cohort, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Path]:
    """A recipe with a card of one's own beside it, and a folder of weights that nobody has filled yet."""
    monkeypatch.setenv("RADWEAVE_WEIGHTS", str(cohort.folder))
    monkeypatch.setenv("XDG_CACHE_HOME", str(cohort.folder / "cache"))

    def build(weights: dict[str, Any] = {}, shown: dict[str, Any] = {}, **recipe: Any) -> Path:  # noqa: B006
        path = cohort.recipe(extractors=[{"kind": "network", "weights": "./ours.yaml"}], **recipe)
        card = {**CARD, "weights": {**CARD["weights"], **weights}, "input": {**CARD["input"], **shown}}  # type: ignore[dict-item]
        path.with_name("ours.yaml").write_text(yaml.safe_dump(card))
        return path

    return build


def save_weights(path: Path, change: Callable[[Any], Any] = lambda state: state) -> None:
    torch = pytest.importorskip("torch")
    from features.deep.architecture import ARCHITECTURES

    torch.manual_seed(3)
    torch.save(change(ARCHITECTURES.parse("lenet").build().state_dict()), path)


def test_weights_that_are_missing_end_a_refresh_before_it_computes(
    cohort: Cohort, own_card: Callable[..., Path], command: Callable[..., Any]
) -> None:
    own_card()
    found = command("refresh", "demo", *cohort.places, code=7).stderr
    assert f"the weights of Ours are not here; looked for ours.pth in {cohort.folder}" in found
    assert "ask those who trained it" in found and "Traceback" not in found
    assert cohort.kept(SAMPLES, "deep", "region") == {}

    save_weights(cohort.folder / "ours.pth")
    command("refresh", "demo", *cohort.places, "--runner", "threads")
    features = cohort.deep()
    assert len(features["ours__ct__largest_0000"]) == PATIENTS and np.std(features["ours__ct__largest_0119"]) > 0
    save_weights(cohort.folder / "ours.pth", lambda state: {name: 2 * value for name, value in state.items()})
    command("refresh", "demo", *cohort.places, "--runner", "threads")
    assert cohort.deep()["ours__ct__largest_0119"] != features["ours__ct__largest_0119"], "another file, other features"
    row = next(row for row in cohort.dictionary() if row["name"] == "ours__ct__largest_0119")
    assert row["description"].startswith("Ours (lenet5")


@pytest.mark.parametrize(
    ("weights", "change", "told"),
    [
        ({"sha256": "0" * 64}, dict, "ours.pth has the sha-256"),
        ({}, lambda state: {**state, "head": next(iter(state.values()))}, "holds head, which the network has not"),
        ({"keys": {"inside": "model"}}, dict, 'has no "model"'),
    ],
)
def test_weights_that_are_others_end_a_refresh_with_file_and_remedy(
    cohort: Cohort,
    own_card: Callable[..., Path],
    command: Callable[..., Any],
    weights: dict[str, Any],
    change: Callable[[Any], Any],
    told: str,
) -> None:
    own_card(weights)
    save_weights(cohort.folder / "ours.pth", change)
    found = command("refresh", "demo", *cohort.places, "--runner", "threads", code=7).stderr
    assert told in found and "ask those who trained it" in found and "Traceback" not in found
    assert cohort.kept("deep") == {}
    assert bool(cohort.kept("region")) is not ("sha256" in weights), "a wrong digest is told before scans are measured"


@pytest.mark.parametrize(
    ("name", "value", "code", "told"),
    [
        ("RADWEAVE_DEVICE", "gpu", 2, 'RADWEAVE_DEVICE: found "gpu"; allowed: cpu, cuda, "cuda,cpu"'),
        ("RADWEAVE_GPU_GIB", "lots", 2, 'RADWEAVE_GPU_GIB: found "lots"; allowed: a number above 0, of GiB'),
        ("RADWEAVE_DEVICE", "cuda", 7, "RADWEAVE_DEVICE=cuda demands a GPU and torch"),
    ],
)
def test_settings_of_the_device_are_told_before_a_refresh_and_a_stability_compute(
    cohort: Cohort,
    command: Callable[..., Any],
    monkeypatch: pytest.MonkeyPatch,
    name: str,
    value: str,
    code: int,
    told: str,
) -> None:
    monkeypatch.setattr("features.deep.device.has_gpu", lambda: False)
    cohort.recipe()
    for flow in ("refresh", "stability"):
        found = command(flow, "demo", *cohort.places, "--runner", "threads", code=code, **{name: value}).stderr
        assert told in found and "Traceback" not in found
    assert cohort.kept(SAMPLES, "deep", "region") == {}


@pytest.mark.parametrize(
    ("shown", "recipe", "told"),
    [
        ({"window": [-1000, 400]}, {}, "window is [-100, 100], and it takes [-1000, 400]"),
        ({"modalities": ["MR"]}, {}, "modality is CT, and it was trained on MR"),
        ({"only": ["largest"]}, {"samplings": ["slices"]}, "the sampling is slices, and it takes largest"),
        ({"size": [16, 16]}, {}, "lenet5 needs sides of 32 at least, found 16 × 16"),
        ({}, {"samplings": ["adjacent"]}, "ours takes 1 channel, and adjacent shows 3"),
    ],
)
def test_a_recipe_that_a_network_is_not_for_is_a_fault_with_its_line(
    cohort: Cohort, own_card: Callable[..., Path], command: Callable[..., Any], shown: Any, recipe: Any, told: str
) -> None:
    path = own_card(shown=shown)
    text = yaml.safe_load(path.read_text())
    text["extractors"] = ["radweave", {**text["extractors"][0], **recipe}]
    path.write_text(yaml.safe_dump(text, sort_keys=False))
    line = next(i for i, one in enumerate(path.read_text().splitlines(), 1) if one.startswith("- kind: network"))
    found = command("check", "--catalog", cohort.catalog, code=2).stderr
    assert told in found
    assert f"{path}:{line}: extractors.1" in found or "ours.yaml:" in found, found


def test_numbers_that_are_none_are_in_quarantine_and_not_in_the_tables(
    cohort: Cohort, own_card: Callable[..., Path], command: Callable[..., Any]
) -> None:
    own_card()
    save_weights(
        cohort.folder / "ours.pth", lambda state: {name: value * float("nan") for name, value in state.items()}
    )
    command("refresh", "demo", *cohort.places, "--runner", "threads", code=5)  # above the threshold, and published
    rows = Mart.open(cohort.store).read("quarantine", "demo").to_pylist()
    assert [row["code"] for row in rows] == ["NETWORK_NAN"] * PATIENTS
    assert rows[0]["message"] == "ours gives NaN or infinity for 120 of 120 features, first largest_0000"
    assert set(cohort.deep()["ours__ct__largest_0000"]) <= {None}
