"""Models that learn from images, as a user asks for them: catalog, refresh, study, report, and what becomes of the samples."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

from features.core.storage.store import SAMPLES, Store
from features.core.storage.table import read_table
from features.results.manifest import Mart
from tests.support import mean_intensity
from tests.support.catalog import cohort_of, file_images, write_catalog
from tests.support.kinds import place_model
from tests.support.mean_intensity import KIND
from tests.support.scans import save_nifti

pytestmark = pytest.mark.slow
PATIENTS = 30
RECIPE: dict[str, Any] = {
    "modality": "CT",
    "unit": "HU",
    "discretise": {"bin_width": 25},
    "window": [-100, 100],
    "extractors": [
        {"kind": "radweave", "families": ["firstorder"]},
        {"kind": "samples", "size": [16, 16], "samplings": ["largest", {"kind": "windows", "windows": [[-50, 150]]}]},
    ],
}
LARGEST = {"kind": "samples", "size": [16, 16], "channels": 1}
STUDY: dict[str, Any] = {
    "title": "What networks see",
    "cohorts": ["demo"],
    "recipes": ["looks"],
    "endpoint": "response",
    "blocks": {"network": ["images"], "both": ["images", "clinical"], "handcrafted": ["radiomics"]},
    "models": [KIND, {"kind": "ridge_logistic", "C": [1.0]}],
    "splits": [{"kind": "nested", "folds": 3, "repeats": 1, "inner_folds": 2}],
}


@pytest.fixture(autouse=True)
def a_model_that_learns_from_images(monkeypatch: pytest.MonkeyPatch) -> None:
    place_model(monkeypatch, Path(mean_intensity.__file__))


class Cohort:
    """Small CTs whose ROI is brighter where there is a response; the last has no ROI on its image. `later` is one like it."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.store = folder, Store(folder / "store")
        rng = np.random.default_rng(0)
        mask = np.zeros((20, 18, 5), np.uint8)
        mask[6:13, 6:12, 1:4] = 1
        rows = ["id,age,response"]
        for i in range(PATIENTS):
            response = i % 2
            image = (rng.normal(0, 40, mask.shape) + (20 + 25 * response + rng.normal(0, 15)) * mask).astype(np.int16)
            for name, array in (("image", image), ("mask", mask if i < PATIENTS - 1 else 0 * mask)):
                path = folder / "data" / f"p{i}" / f"{name}.nii.gz"
                save_nifti(path, array, np.diag([1.0, 1.0, 3.0, 1.0]))
                os.utime(path, (1e9, 1e9))
            rows.append(f"p{i},{50 + i % 7},{bool(response)}".lower())
        (folder / "data" / "table.csv").write_text("\n".join(rows) + "\n")
        variables = {
            "age": {"type": "number", "description": "age", "role": "predictor", "unit": "years"},
            "response": {"type": "flag", "description": "response", "role": "outcome"},
        }
        table = {"block": "clinical", "path": "table.csv", "id": "id"}
        table |= {"columns": {"age": "age", "response": "response"}}
        endpoints = {"response": {"kind": "binary", "column": "response"}}
        demo = cohort_of(file_images(), variables=variables, tables=[table], endpoints=endpoints)
        self.catalog = write_catalog(folder / "data", demo=demo, later=demo)
        self.places = ("--catalog", self.catalog, "--store", self.store.root)
        self.recipe()

    def recipe(self, name: str = "looks", extractors: list[Any] | None = None) -> Path:
        path = self.folder / "data" / "recipes" / f"{name}.yaml"
        path.parent.mkdir(exist_ok=True)
        own = {"extractors": extractors} if extractors else {}
        path.write_text(yaml.safe_dump({"default": True, **RECIPE, **own}))
        return path

    def study(self, **changes: Any) -> Path:
        path = self.folder / "data" / "what_networks_see.yaml"
        path.write_text(yaml.safe_dump({**STUDY, **changes}, sort_keys=False))
        return path

    def kept(self) -> set[str]:
        return {path.stem for path in (self.store.root / "work" / SAMPLES).rglob("*.parquet")}

    def table(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = Mart.open(self.store).read("samples", "demo").to_pylist()
        return found

    def result(self) -> dict[str, Any]:
        (path,) = (self.store.root / "studies").rglob("study.json")
        found: dict[str, Any] = json.loads(path.read_text())
        return found

    def scores(self) -> dict[tuple[str, str], float]:
        (path,) = (self.store.root / "studies").rglob("scores.parquet")
        rows = read_table(path).to_pylist()
        return {(row["blocks"], row["model"]): row["value"] for row in rows if row["metric"] == "auc"}


def test_a_study_of_images_from_catalog_to_report(tmp_path: Path, inside: Callable[..., Any]) -> None:
    cohort = Cohort(tmp_path)
    cohort.recipe("looks", [*RECIPE["extractors"][:1], LARGEST])
    inside("refresh", "demo", *cohort.places)
    table = cohort.table()
    assert len(table) == PATIENTS - 1 and {row["sample"] for row in table} <= cohort.kept()
    told = {(row["recipe"], row["sampling"], row["place"], row["size"], row["segmentation"]) for row in table}
    assert told == {("looks", "largest", 0, "16 × 16", "given")}
    inside("study", cohort.study(), *cohort.places)
    scores = cohort.scores()
    assert set(scores) == {
        ("network", KIND),
        ("both", KIND),
        ("handcrafted", "ridge_logistic"),
        ("clinical", "ridge_logistic"),
        ("volume", "ridge_logistic"),
    }
    assert scores["network", KIND] > 0.7
    (report,) = (cohort.store.root / "studies").rglob("report.html")
    said = " ".join(report.read_text().split())
    for told in (
        "largest at 16 × 16 of CT by the recipe looks, -100 to 100 HU from black to white",
        "5 combinations of 5 sets of blocks, 2 baselines among them, and 2 candidates were compared",
        "network (images), images alone; both (images + clinical), images and 1 column;",
        "Cases of which there is nothing to show networks are not in the study.",
    ):
        assert told in said
    assert "no fold was scored" not in said


def test_a_saved_model_of_images_scores_what_was_shown_alike_and_refuses_the_rest(
    tmp_path: Path, inside: Callable[..., Any], command: Callable[..., Any]
) -> None:
    cohort = Cohort(tmp_path)
    cohort.recipe("looks", [LARGEST])
    study = cohort.study(blocks={"both": ["images", "clinical"], "clinical_alone": ["clinical"]})
    inside("refresh", "demo", "later", *cohort.places)
    inside("study", study, "--final", "--blocks", "both", *cohort.places)
    (folder,) = (path.parent for path in (cohort.store.root / "models").rglob("model.json"))
    schema = json.loads((folder / "schema.json").read_text())
    assert [one["name"] for one in schema["columns"]] == ["clinical__age"] and list(schema["settings"]) == [
        "samples__looks__"
    ]
    assert "It is shown largest at 16 × 16 of CT by the recipe looks" in (folder / "card.md").read_text()
    command("score", folder, "later", *cohort.places)
    (scores,) = (cohort.store.root / "scores").rglob("predictions.parquet")
    rows = read_table(scores).to_pylist()
    states = {row["state"] for row in rows}
    assert len(rows) == PATIENTS and sum(row["state"] == "scored" for row in rows) == PATIENTS - 1, states
    told = command("seal", folder, *cohort.places[2:], code=2).stderr
    assert "is shown images: packages of such models are not supported" in told
    cohort.recipe("looks", [{**LARGEST, "size": [24, 24]}])
    inside("refresh", "later", *cohort.places)
    told = command("score", folder, "later", *cohort.places, code=2).stderr
    assert "samples__looks__*: made with another preparation or extractor" in told


def test_samples_are_kept_made_again_and_withdrawn(
    tmp_path: Path, inside: Callable[..., Any], command: Callable[..., Any]
) -> None:
    """Those of the newest refresh stay; one that is gone or damaged is told, and comes back; with a patient hers go."""
    cohort = Cohort(tmp_path)
    inside("refresh", "demo", *cohort.places)
    first = cohort.kept()
    assert len(first) == 2 * (PATIENTS - 1)  # of two samplings
    command("gc", "--keep", 1, *cohort.places[2:])
    assert cohort.kept() == first
    row = cohort.table()[0]
    place = cohort.store.work(SAMPLES, row["sample"])
    study = cohort.study(blocks={"network": ["images"]}, models=[KIND])
    place.write_bytes(place.read_bytes()[:-9])
    assert str(place) in command("study", study, *cohort.places, "--runner", "threads", code=4).stderr
    place.unlink()
    missing = f"{place}: is not there; studies of images need it: refresh again with the recipe"
    assert missing in command("verify", *cohort.places[2:]).stdout
    inside("refresh", "demo", *cohort.places)
    assert cohort.kept() == first and row in cohort.table()
    inside("study", study, *cohort.places)
    (blocks,) = {name for name, _ in cohort.scores()}
    assert blocks == "network"  # without a model of columns there are no baselines
    command("withdraw", row["case"].rsplit(":", 1)[0], "--reason", "consent", *cohort.places[2:])
    own = {one["sample"] for one in cohort.table()}
    assert cohort.kept() == own and row["sample"] not in own and len(own) == 2 * (PATIENTS - 2)


def test_what_a_study_of_images_cannot_mean_is_told(tmp_path: Path, inside: Callable[..., Any], command: Any) -> None:
    cohort = Cohort(tmp_path)
    cohort.recipe("looks", [LARGEST])
    cohort.recipe("patches", [{**LARGEST, "size": [8, 8, 8]}])
    alone = {"blocks": {"network": ["images"]}, "models": [KIND]}

    def told(what: str, code: int = 2, **changes: Any) -> str:
        places = cohort.places if what == "study" else cohort.places[:2]
        found: str = command(what, cohort.study(**{**alone, **changes}), *places, code=code).stderr
        return " ".join(found.split())

    own = {"recipes": ["looks"], "blocks": {"network": ["images"], "other": ["radiomics"]}, "models": [KIND, "svm"]}
    assert 'the block "radiomics" comes from no recipe of the study; allowed: images' in told("check", **own)
    inside("refresh", "demo", *cohort.places)
    both = told("study", recipes=["looks", "patches"])
    assert (
        "images may mean looks of CT roi or patches of CT roi: name one by a part, as in parts: {one: {of: images,"
        in both
    )
    assert "images have no families: say which by recipes, images, rois" in told(
        "check", parts={"mine": {"of": "images", "families": "glcm"}}, blocks={"network": ["mine"]}
    )
    part = {"parts": {"small": {"of": "images", "recipes": "patches"}}, "blocks": {"network": ["small"]}}
    inside("study", cohort.study(**{**alone, **part}, recipes=["looks", "patches"]), *cohort.places)
    assert [*cohort.scores()] == [("network", KIND)]
    assert "lesions: mean makes one row of several lesions, and images have no mean" in told("study", lesions="mean")
