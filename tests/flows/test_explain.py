"""A saved model that reads a network, explained: pictures, NIfTI in the patient, nearest training cases, and what cannot be."""

from __future__ import annotations

import csv
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nibabel as nib
import numpy as np
import pandas as pd
import pytest
import yaml

from features.core.storage.table import read_table
from tests.support.catalog import cohort_of, file_images, write_catalog
from tests.support.scans import save_nifti

pytestmark = pytest.mark.slow
PATIENTS = 24
AFFINE = np.diag([-1.0, -1.0, 3.0, 1.0])
STUDY: dict[str, Any] = {
    "cohorts": ["demo"],
    "endpoint": "response",
    "recipes": ["./recipes/ct.yaml"],
    "blocks": {"deep": ["deep"], "clinical": ["clinical"]},
    "models": [{"kind": "ridge_logistic", "C": [1.0]}],
    "splits": [{"kind": "nested", "folds": 2, "repeats": 1}],
}
RECIPE: dict[str, Any] = {
    "modality": "CT",
    "unit": "HU",
    "discretise": {"bin_width": 25},
    "window": [-100, 100],
    "extractors": [
        {"kind": "network", "weights": "random", "seed": 4, "architecture": "lenet", "samplings": ["largest"]},
        {"kind": "samples", "size": [32, 32], "samplings": ["largest", {"kind": "slices", "count": 2}]},
    ],
}


NETWORK = {"kind": "image_network", "epochs": 12, "patience": None, "learning_rate": 0.01, "augment": None}


@dataclass(frozen=True)
class Place:
    """A folder with a cohort, a store and saved models."""

    folder: Path
    command: Callable[..., Any]

    @property
    def options(self) -> tuple[object, ...]:
        return "--catalog", self.folder / "data_catalog.yaml", "--store", self.folder / "store"

    def explain(self, *options: object, code: int = 0) -> Any:
        return self.command("explain", *options, *self.options, code=code)


@pytest.fixture(scope="module")
def saved(inside: Callable[..., Any], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Half of the lesions have stripes, and respond. A second model reads clinical columns alone."""
    folder = tmp_path_factory.mktemp("explain")
    rng = np.random.default_rng(0)
    rows = []
    for i in range(PATIENTS):
        mask = np.zeros((40, 36, 5), np.uint8)
        x, y = rng.integers(8, 20, 2)
        mask[x : x + 12, y : y + 12, 1:4] = 1
        image = rng.normal(-40, 12, mask.shape) + 70 * mask
        if i % 2:
            image += 60 * mask * (np.arange(40)[:, None, None] // 2 % 2)
        save_nifti(folder / f"p{i}" / "image.nii.gz", image.astype(np.int16), AFFINE)
        save_nifti(folder / f"p{i}" / "mask.nii.gz", mask, AFFINE)
        rows.append({"id": f"p{i}", "age": int(rng.integers(40, 80)), "better": i % 2 if 1 < i < 20 else (i + 1) % 2})
    pd.DataFrame(rows).to_csv(folder / "clinical.csv", index=False)
    variables = {
        "age": {"type": "number", "unit": "years", "description": "age"},
        "better": {"type": "flag", "description": "responded", "role": "outcome"},
    }
    columns = {"age": "age", "better": {"from": "better", "codes": {"1": True, "0": False}}}
    tables = [{"block": "clinical", "path": "clinical.csv", "id": "id", "columns": columns}]
    endpoints = {"response": {"kind": "binary", "column": "better"}}
    write_catalog(folder, demo=cohort_of(file_images(), variables=variables, tables=tables, endpoints=endpoints))
    (folder / "recipes").mkdir()
    (folder / "recipes" / "ct.yaml").write_text(yaml.safe_dump(RECIPE))
    options = "--catalog", folder / "data_catalog.yaml", "--store", folder / "store"
    inside("refresh", "demo", "--recipe", folder / "recipes" / "ct.yaml", *options)
    for block, recipes in (("deep", STUDY["recipes"]), ("clinical", []), ("images", STUDY["recipes"])):
        study = folder / f"by_{block}.yaml"
        own = {"blocks": {block: [block]}, "recipes": recipes}
        own |= {"models": [NETWORK]} if block == "images" else {}
        study.write_text(yaml.safe_dump({**STUDY, **own}))
        inside("study", study, "--final", *options, *(("--blocks", block) if block == "images" else ()))
    return folder


@pytest.fixture
def place(saved: Path, command: Callable[..., Any]) -> Place:
    return Place(saved, command)


def rows_of(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def test_a_model_of_a_frozen_network_is_explained_case_by_case(place: Place, tmp_path: Path) -> None:
    out = tmp_path / "explained"
    told = place.explain(
        "by_deep", "demo", "--output", out, "--most", 4, "--by", "grad_cam", "--by", "occlusion"
    ).stdout
    assert f"8 maps of 4 cases, 0 lacking: {out / 'report.html'}" in told
    rows = rows_of(out / "maps.csv")
    assert [row["state"] for row in rows] == ["explained"] * 8
    scores = list(dict.fromkeys(float(row["score"]) for row in rows))
    assert len(scores) == 4 and scores == sorted(scores, reverse=True)
    page = (out / "report.html").read_text()
    assert page.count("data:image/png;base64,") == 8
    for words in (
        "It does not show why",
        "demo trained this model",
        "Training cases that the network takes for most alike",
    ):
        assert words in page
    high = [row for row in rows if float(row["score"]) == scores[0]]
    for row in high:
        found = nib.load(out / row["nifti"])
        assert found.shape == (40, 36, 5) and np.allclose(found.affine, AFFINE)
        values = np.asarray(found.dataobj)
        assert set(np.unique(np.nonzero(values)[2])) == {1} and np.isfinite(values).all(), (
            "the first of the largest slices"
        )
        assert float(row["roi_of_view"]) == pytest.approx(4 / 9, abs=0.06)
        assert (out / row["picture"]).read_bytes().startswith(b"\x89PNG")
    near = rows_of(out / "neighbours.csv")
    assert len(near) == 4 * 5 and all(row["case"] != row["neighbour"] for row in near)
    assert {row["seen"] for row in near} == {"yes", "no"}
    nearest = {row["case"]: row["seen"] for row in near if row["rank"] == "1"}
    assert nearest[high[0]["case"]] == "yes"


def test_the_map_of_the_patients_place_agrees_with_the_roi(place: Place, tmp_path: Path) -> None:
    """Integrated gradients, put back: what they say lies where the network was shown the image, of the named case alone."""
    (case,) = {row["case"] for row in _two(place, tmp_path)[:1]}
    out = tmp_path / "one"
    place.explain("by_deep", "demo", "--output", out, "--case", case, "--by", "integrated_gradients", "--random", 2)
    (row,) = rows_of(out / "maps.csv")
    assert row["case"] == case and float(row["unexplained"]) < 0.1
    assert -1 <= float(row["alike_random"]) <= 1 and 0 <= float(row["inside_roi_random"]) <= 1


def _two(place: Place, tmp_path: Path) -> list[dict[str, str]]:
    out = tmp_path / "two"
    place.explain("by_deep", "demo", "--output", out, "--most", 2, "--random", 0, "--neighbours", 0)
    assert rows_of(out / "neighbours.csv") == []
    return rows_of(out / "maps.csv")


def test_a_network_that_learnt_from_images_is_explained_with_all_that_it_was_shown(
    place: Place, tmp_path: Path
) -> None:
    out = tmp_path / "images"
    told = place.explain(
        "by_images", "demo", "-o", out, "--most", 2, "--by", "integrated_gradients", "--by", "occlusion"
    ).stdout
    assert f"8 maps of 2 cases, 0 lacking: {out / 'report.html'}" in told
    rows = rows_of(out / "maps.csv")
    assert [row["sampling"] for row in rows[:4]] == ["largest", "slices", "largest", "slices"]
    assert {row["network"] for row in rows} == {"image_network (lenet5)"} and rows[0]["image"] == "CT"
    assert all(float(row["unexplained"]) < 0.2 for row in rows if row["by"] == "integrated_gradients")
    found = nib.load(out / rows[1]["nifti"])
    assert set(np.nonzero(np.asarray(found.dataobj))[2]) == {1, 3}, "the slices that `slices` shows"
    near = rows_of(out / "neighbours.csv")
    assert len(near) == 2 * 5 and all(row["case"] != row["neighbour"] for row in near)


@pytest.mark.parametrize("study", ["by_deep", "by_images"])
def test_held_out_cases_are_explained_by_the_model_of_the_study_that_has_not_seen_them(
    place: Place, tmp_path: Path, study: str
) -> None:
    """Their scores are those that the study itself predicted out of fold."""
    out = tmp_path / "held_out"
    place.explain(study, "demo", "-o", out, "--most", 3, "--random", 0, "--held-out")
    rows = rows_of(out / "maps.csv")
    (table,) = (place.folder / "store" / "studies" / study).rglob("predictions.parquet")
    known = {
        row["case"]: (row["score"], row["fold"])
        for row in read_table(table).to_pylist()
        if row["split"] == "nested" and row["blocks"] == study.removeprefix("by_")
    }
    assert len({row["case"] for row in rows}) == 3
    for row in rows:
        assert float(row["score"]) == pytest.approx(known[row["case"]][0], abs=1e-6), row
    for row in rows_of(out / "neighbours.csv"):
        assert known[row["neighbour"]][1] != known[row["case"]][1], "training cases are of the other folds"
    page = (out / "report.html").read_text()
    assert "a fold of the study that has not seen her" in page and "trained this model: it has seen" not in page


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (["by_clinical", "demo"], "reads no network, so no map can show where its scores come from; it reads clinical"),
        (["by_deep", "demo", "--case", "demo:nobody"], "--case demo:nobody: no such case; there are 24, such as demo:"),
        (["by_deep", "demo", "--by", "grad_cma"], "grad_cma"),
        (["by_deep", "demo", "--of", "yes"], "predicts no classes; leave it out"),
        (["by_deep", "nowhere"], 'there is no cohort "nowhere"'),
        (["by_nothing", "demo"], "by_nothing"),
    ],
)
def test_what_cannot_be_explained_is_a_sentence(place: Place, tmp_path: Path, options: list[str], told: str) -> None:
    found = place.explain(*options, "--output", tmp_path / "none", code=2)
    assert told in " ".join(found.stderr.split()) and "Traceback" not in found.stderr
    assert not (tmp_path / "none").exists()


def test_pictures_do_not_go_into_the_store(place: Place) -> None:
    found = place.explain("by_deep", "demo", "--output", place.folder / "store" / "explained", code=2)
    assert "pictures of patients must not lie in the store" in found.stderr
