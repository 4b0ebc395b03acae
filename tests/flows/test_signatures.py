"""Signatures on a user's way: fitted on one cohort and endpoint, predictors of another outcome in cohorts that never fit them."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import yaml

from features.core.storage.store import Store
from features.core.storage.table import read_provenance, read_table
from features.results.manifest import Mart
from features.results.withdraw import withdraw
from flows.staleness import run_states
from tasks.modelling.signatures import fitted
from tests.support.catalog import cohort_of, write_catalog
from tests.support.page import Page

COLUMNS = [f"f{i}" for i in range(24)]
CD8 = {
    "cohorts": ["genes"],
    "endpoint": "cd8",
    "blocks": {"texture": ["texture"]},
    "models": [{"kind": "elastic_net", "l1_ratio": [0.5]}],
    "splits": [{"kind": "nested", "folds": 3, "repeats": 1}],
}
RESPONSE = {
    "cohorts": ["treated"],
    "external": ["other"],
    "endpoint": "response",
    "signatures": {"cd8": {"study": "cd8_study.yaml"}},
    "blocks": {"signature": ["signature"], "combined": ["signature", "clinical"]},
    "models": [{"kind": "ridge_logistic", "C": [1.0]}],
    "splits": [{"kind": "nested", "folds": 3, "repeats": 1}],
}


def draw(name: str, patients: int, seed: int, *, signal: float = 1.0) -> pd.DataFrame:
    """Textures, of which the first two show CD8 cells; what follows these cells, and age, which nothing follows."""
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame(rng.normal(size=(patients, len(COLUMNS))), columns=COLUMNS)
    cells = rng.normal(size=patients)
    frame[["f0", "f1"]] += signal * 1.5 * cells[:, None]
    frame.insert(0, "id", [f"{name}{i}" for i in range(patients)])
    frame["age"] = rng.integers(40, 80, patients)
    frame["score"] = (7 + cells).round(4)
    frame["better"] = (signal * 2 * cells + rng.logistic(size=patients) > 0).astype(int)
    return frame


def cohort(name: str, outcome: str) -> dict[str, Any]:
    variables: dict[str, Any] = {"age": {"type": "number", "unit": "years", "description": "age"}}
    columns: dict[str, Any] = {"age": "age"}
    if outcome == "cd8":
        columns["cd8_score"] = "score"
        variables["cd8_score"] = {"type": "number", "unit": "log2", "description": "CD8", "role": "outcome"}
        endpoint: dict[str, Any] = {"kind": "continuous", "column": "cd8_score", "description": "CD8 expression"}
    else:
        columns["better"] = {"from": "better", "codes": {"1": True, "0": False}}
        variables["better"] = {"type": "flag", "description": "responded", "role": "outcome"}
        endpoint = {"kind": "binary", "column": "better"}
    one = {"path": f"{name}.csv", "id": "id"}
    tables = [{"block": "clinical", "columns": columns, **one}, {"block": "texture", "columns": ["f*"], **one}]
    return cohort_of(variables=variables, tables=tables, endpoints={outcome: endpoint})


@dataclass(frozen=True)
class Place:
    """A folder with three cohorts, the studies, and a store of their tables."""

    folder: Path
    run: Callable[..., Any]

    @property
    def options(self) -> tuple[object, ...]:
        return "--catalog", self.folder / "data_catalog.yaml", "--store", self.folder / "store"

    @property
    def response(self) -> Path:
        return self.folder / "response_study.yaml"

    def write(self, name: str, plan: dict[str, Any]) -> Path:
        path = self.folder / f"{name}.yaml"
        path.write_text(yaml.safe_dump(plan))
        return path

    def runs(self, name: str = "response_study") -> list[Path]:
        return sorted((self.folder / "store" / "studies" / name).iterdir(), key=lambda path: path.stat().st_mtime_ns)

    def states(self) -> dict[str, str]:
        """Study → the state of its newest run and why."""
        found = run_states(Store(self.folder / "store"), self.folder / "data_catalog.yaml")
        found.sort(key=lambda one: one.folder.stat().st_mtime_ns)  # by name they come in any order
        return {one.study: f"{one.state}: {one.why}" for one in found}


@pytest.fixture(scope="module")
def refreshed(inside: Callable[..., Any], tmp_path_factory: pytest.TempPathFactory) -> Place:
    folder = tmp_path_factory.mktemp("signatures")
    draw("genes", 80, 0).to_csv(folder / "genes.csv", index=False)
    draw("treated", 60, 1).to_csv(folder / "treated.csv", index=False)
    draw("other", 40, 2).to_csv(folder / "other.csv", index=False)
    cohorts = {name: cohort(name, "cd8" if name == "genes" else "response") for name in ("genes", "treated", "other")}
    write_catalog(folder, **cohorts)
    place = Place(folder, inside)
    place.write("cd8_study", CD8)
    place.write("response_study", RESPONSE)
    inside("refresh", "--study", place.response, *place.options)
    inside("study", folder / "cd8_study.yaml", *place.options)
    inside("study", place.response, *place.options)
    return place


@pytest.fixture
def place(refreshed: Place, tmp_path: Path) -> Place:
    """A copy of it, for tests that change it."""
    return Place(Path(shutil.copytree(refreshed.folder, tmp_path / "copy", symlinks=True)), refreshed.run)


@pytest.mark.slow
def test_a_signature_is_a_column_with_a_unit_and_is_told_in_the_report(refreshed: Place) -> None:
    (run,) = refreshed.runs()
    described = json.loads(read_provenance(run / "design.parquet")["signatures"])
    assert described == {
        "signature__cd8": {
            "unit": "log2",
            "description": "predicted value of cd8 (CD8 expression), by elastic_net fitted on genes",
        }
    }
    scores = read_table(run / "scores.parquet").to_pandas().query("metric == 'auc' and blocks == 'signature'")
    assert scores.set_index("split")["value"].to_dict()["external"] > 0.7
    selected = read_table(run / "selected.parquet").to_pandas()
    assert {"signature__cd8"} <= {*selected["feature"]}
    alone = read_table(run / "signature_scores.parquet").to_pandas()
    assert alone[["column", "cohort", "metric", "n"]].to_numpy().tolist() == [
        ["signature__cd8", "treated", "auc", 60],
        ["signature__cd8", "other", "auc", 40],
    ]
    page = Page((run / "report.html").read_text())
    here = page.tables["table-signature-cd8-here"].rows
    assert [row[1] for row in here[1:]] == ["treated", "other"] and all(float(row[2]) > 0.7 for row in here[1:])
    assert len(page.tables["table-signature-cd8-own"].rows) > 2
    weights = page.tables["table-signature-cd8-weights"].rows
    assert [row[0] for row in weights[1:3]] in (["texture__f0", "texture__f1"], ["texture__f1", "texture__f0"])
    assert "fitted on all 80 cases of genes" in page.text


@pytest.mark.slow
def test_a_change_of_the_signature_s_cohort_or_settings_is_one_of_the_study_that_uses_it(
    place: Place, command: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert place.states() == {"cd8_study": "current: ", "response_study": "current: "}
    place.run("study", place.response, *place.options)
    assert len(place.runs()) == 1  # it is current
    whole, calls = fitted.fit_final, list[str]()

    def counted(*given: Any, **more: Any) -> Any:
        calls.append(given[2])
        return whole(*given, **more)

    monkeypatch.setattr(fitted, "fit_final", counted)
    shutil.rmtree(place.runs()[0])  # as after a kill: fits are kept, the run is not
    place.run("study", place.response, *place.options)
    assert calls == []
    frame = draw("genes", 80, 0)
    frame.loc[0, "score"] += 1
    frame.to_csv(place.folder / "genes.csv", index=False)
    place.run("refresh", "genes", *place.options)
    assert place.states()["response_study"].startswith("stale: cohort genes was refreshed: 1 moved: genes:")
    place.run("study", place.response, *place.options)
    assert (len(place.runs()), calls) == (2, ["texture"])
    assert place.states()["response_study"] == "current: "
    place.write("cd8_study", {**CD8, "seed": 5})
    assert place.states()["response_study"] == "stale: signature cd8 changed"  # its file, which lies beside the catalog
    place.run("study", place.response, *place.options)
    assert (len(place.runs()), calls) == (3, ["texture", "texture"])
    page = Page((place.runs()[-1] / "report.html").read_text())
    assert "table-signature-cd8-own" not in page.tables and "run that study too" in page.text
    addresses = read_table(place.runs()[-1] / "fits.parquet").to_pandas().query("split == 'signature'")["result"]
    command("gc", *place.options[2:])
    assert len(addresses) == 2 and all(Store(place.folder / "store").has("fit", digest) for digest in addresses)


@pytest.mark.slow
def test_a_withdrawal_from_the_signature_s_cohort_takes_its_fits(place: Place) -> None:
    store = Store(place.folder / "store")
    addresses = read_table(place.runs()[0] / "fits.parquet").to_pandas().query("split == 'signature'")["result"]
    assert len(addresses) == 2 and all(store.has("fit", digest) for digest in addresses)
    withdraw(store, f"genes:{Mart.open(store).read('clinical', 'genes')['patient'][0].as_py()}", "consent")
    assert not any(store.has("fit", digest) for digest in addresses)
    assert place.states()["response_study"].startswith("stale: ")
