"""From a table with outcome and features to the report, without any image; texts of reports stay where they are."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from features.core.catalog.catalog import load_catalog
from features.core.storage.store import Store
from features.fusion.fuse import fuse
from features.fusion.question import Question
from features.images.index.file_cache import FileCache
from features.images.index.index_cohort import index_cohort
from features.results.known_results import KnownResults
from features.results.manifest import Mart
from features.results.prefixes import recipe_targets
from features.results.published import Published
from features.results.runs import is_run
from features.results.visits import Visits
from flows.provenance import study_provenance
from flows.wanted import recipes_for
from tasks.modelling.evaluation.evaluate import evaluate
from tasks.publish import publish_mart
from tasks.quality.quality_page import render_quality
from tasks.report import write_study_report
from tasks.reports.sections.curves import Curves
from tasks.tables import read_tables
from tests.support.catalog import cohort_of, write_catalog
from tests.support.design import make_study
from tests.support.page import Page

SECRET_WORDS = "dear colleague"


def written(folder: Path, **report: Any) -> Path:
    """A catalog of one file: outcome and age, features and reports."""
    rng = np.random.default_rng(3)
    rows = ["ID,age,response,f1,f2,grade,report"]
    for i in range(40):
        response = i % 2
        noise = rng.normal(size=2)
        rows.append(f"P{i},{40 + i},{response},{response * 2 + noise[0]:.6f},{noise[1]:.6f},{i % 3},{SECRET_WORDS} {i}")
    (folder / "all.csv").write_text("\n".join(rows) + "\n")
    clinical = {"age": "age", "response": {"from": "response", "codes": {"0": False, "1": True}}}
    own = {"path": "all.csv", "id": "ID"}
    tables = [
        {"block": "clinical", **own, "columns": clinical},
        {"block": "radiomics_ct", **own, "exclude": ["report"], "categories": {"grade": ["0", "1", "2"]}},
        {"block": "reports", **own, "columns": ["report"], "type": "text", **report},
    ]
    variables = {
        "age": {"type": "number", "unit": "years", "description": "age"},
        "response": {"type": "flag", "description": "response", "role": "outcome"},
    }
    endpoints = {"response": {"kind": "binary", "column": "response"}}
    return write_catalog(folder, toy=cohort_of(variables=variables, tables=tables, endpoints=endpoints))


def refreshed(catalog: Path, store: Store) -> Published:
    known, key = KnownResults(store, "toy"), b"k" * 64
    tables = read_tables.fn(catalog, "toy", known, FileCache(None, key))
    declared = load_catalog(catalog)
    index, toy = index_cohort(declared, "toy", key), declared.cohort("toy")
    return publish_mart.fn(index, (), recipe_targets(toy, recipes_for(declared, "toy")), tables, known, (), Visits())


@pytest.fixture(autouse=True)
def key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "key").write_text("k" * 64)
    monkeypatch.setenv("RADWEAVE_KEY_FILE", str(tmp_path / "key"))


def test_a_study_of_one_table_goes_from_the_file_to_the_report(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path, store = written(tmp_path), Store(tmp_path / "store")
    found = refreshed(path, store)
    assert (found.scans, found.changed, dict(found.files)) == (0, True, {})
    assert not refreshed(path, store).changed
    mart, catalog = Mart.open(store), load_catalog(path)
    study = make_study(blocks={"radiomics": ["radiomics_ct"]}, splits=[{"kind": "nested", "folds": 3, "repeats": 1}])
    design = fuse(mart, catalog, Question(("toy",), "response", "baseline", (), blocks=("radiomics_ct",)))
    grades = [f"radiomics_ct__grade_{level}" for level in "012"]
    assert design.columns("radiomics_ct") == ["radiomics_ct__f1", "radiomics_ct__f2", *grades]
    result = evaluate(design, study)
    best = next(s for s in result.scores if (s.blocks, s.metric) == ("radiomics", "auc"))
    assert best.value is not None and best.value > 0.8
    provenance = study_provenance(study, (), mart, catalog)
    write_study_report.fn(study, (), result, design, mart, path, tmp_path / "run", provenance)
    assert "radiomics_ct" in (tmp_path / "run" / "report.html").read_text()
    assert is_run(tmp_path / "run")
    monkeypatch.setattr(Curves, "figures", lambda self, found: 1 / 0)
    with pytest.raises(ExceptionGroup, match="written without the sections curves"):
        write_study_report.fn(study, (), result, design, mart, path, tmp_path / "broken", provenance)
    assert "it lacks Curves" in (tmp_path / "broken" / "report.html").read_text()
    assert not is_run(tmp_path / "broken")
    page = Page(render_quality(mart, "toy")[0])
    assert page.tables["table-rows"].rows[1:] == [
        ["clinical", "40", "40", "0", "2"],
        ["radiomics_ct", "40", "40", "0", "3"],
        ["reports", "40", "40", "0", "0"],
    ]
    assert {"quarantine", "tables"} <= {*page.ids}
    assert not {"flow", "images", "outliers"} & {*page.ids}


def test_texts_of_reports_enter_the_mart_only_if_they_are_shared_and_are_never_predictors(tmp_path: Path) -> None:
    store = Store(tmp_path / "store")
    refreshed(written(tmp_path), store)
    assert Mart.open(store).read("reports", "toy").schema.names == ["patient", "cohort", "centre"]
    path = written(tmp_path, shared=True)
    refreshed(path, store)
    mart, catalog = Mart.open(store), load_catalog(path)
    assert sum(SECRET_WORDS in text for text in mart.read("reports", "toy")["report"].to_pylist()) == 40
    described = {
        row["name"]: row["role"] for row in mart.read("dictionary", "toy").to_pylist() if row["block"] == "reports"
    }
    assert described["report"] == "fact"
    design = fuse(mart, catalog, Question(("toy",), "response", "baseline", (), blocks=("reports", "radiomics_ct")))
    assert {*design.blocks.values()} == {"clinical", "radiomics_ct"}
