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

from features.core import code_digest
from features.core.storage.store import SAMPLES, Store
from features.core.storage.table import read_table
from features.results.manifest import Mart
from tasks.modelling.models.model import MODELS
from tests.support.catalog import cohort_of, file_images, write_catalog
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
        {"kind": "samples", "size": [16, 16], "samplings": ["largest", "adjacent"]},
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
    """In the folder of models as it were, and among the sources that decide a study."""
    monkeypatch.setitem(MODELS.modules, KIND, f"tests.support.{KIND}")
    monkeypatch.setattr(code_digest, "PACKAGES", (*code_digest.PACKAGES, "tests/support"))


class Cohort:
    """Small CTs whose ROI is brighter where there is a response; the last has no ROI on its image."""

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
        self.catalog = write_catalog(folder / "data", demo=demo)
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
    assert {(row["recipe"], row["sampling"], row["place"], row["size"]) for row in table} == {
        ("looks", "largest", 0, "16 × 16")
    }
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
    assert "largest at 16 × 16 of CT by the recipe looks, -100 to 100 HU from black to white" in report.read_text()
