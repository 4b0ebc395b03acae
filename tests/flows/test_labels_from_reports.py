"""From labels by hand and reports to a study: nobody is scored by a weak label, and no word of a report is written anywhere."""

from __future__ import annotations

from pathlib import Path

import pyarrow.parquet as pq
import pytest

from features.core.catalog.catalog import load_catalog
from features.core.storage.store import Store
from features.core.storage.table import read_table
from features.fusion.design_file import save_design
from features.fusion.fuse import fuse
from features.fusion.question import Question
from features.images.index.file_cache import FileCache
from features.images.index.index_cohort import index_cohort
from features.results.known_results import KnownResults
from features.results.manifest import Mart
from features.results.visits import Visits
from flows.provenance import study_provenance
from tasks.modelling.evaluation.evaluate import evaluate
from tasks.publish import publish_mart
from tasks.quality.quality_page import render_quality
from tasks.report import write_study_report
from tasks.tables import read_tables
from tests.support.design import FAST, make_study
from tests.support.page import Page
from tests.support.reports import NUMBER, SURNAME, declared, patients

WORDS = (SURNAME, SURNAME.lower(), NUMBER, "haematoma", "Signed", "MRN")


@pytest.mark.slow
def test_a_study_of_weak_labels_says_so_scores_hands_alone_and_writes_no_word(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    (tmp_path / "key").write_text("k" * 64)
    monkeypatch.setenv("RADWEAVE_KEY_FILE", str(tmp_path / "key"))
    path, store, key = declared(tmp_path / "site", patients(90, 64)), Store(tmp_path / "store"), b"k" * 64
    known, catalog = KnownResults(store, "demo"), load_catalog(path)
    tables = read_tables.fn(path, "demo", known, FileCache(None, key))
    publish_mart.fn(index_cohort(catalog, "demo", key), (), (), tables, known, (), Visits())
    mart = Mart.open(store)
    rows = mart.read("dictionary", "demo").to_pylist()
    roles = {row["name"]: row["role"] for row in rows if row["block"] == "clinical"}
    assert {roles[f"blood{ending}"] for ending in ("", "_label", "_by_text")} == {"outcome"}
    assert "weak label" in next(row["description"] for row in rows if row["name"] == "blood")

    design = fuse(mart, catalog, Question(("demo",), "blood", "baseline", (), blocks=("measured",)))
    clinical = mart.read("clinical", "demo").to_pandas()
    counts = clinical["blood_label"].value_counts()
    assert (len(design.X), int(design.scored.sum())) == (90, counts["hand"])
    splits = [{"kind": "nested", "folds": 3, "repeats": 1}]
    study = make_study(
        cohorts=["demo"], blocks={"measured": ["measured"]}, endpoint="blood", models=[FAST], splits=splits
    )
    result = evaluate(design, study)
    assert result.n == counts["hand"] and len(result.predictions["case"].unique()) == counts["hand"]
    provenance = study_provenance(study, (), mart, catalog)
    save_design(tmp_path / "run" / "design.parquet", design)
    page = write_study_report.fn(study, (), result, design, mart, path, tmp_path / "run", provenance)
    (row,) = Page(page.read_text("utf-8")).tables["table-labels"].rows[1:]
    assert row[:4] == ["blood", "demo", str(counts["hand"]), str(counts["taught"])]
    assert row[4].startswith(f"{counts['text']}, of these")
    (tmp_path / "run" / "quality.html").write_text(render_quality(mart, "demo")[0])

    said = capfd.readouterr()
    texts = [("stdout", said.out), ("stderr", said.err), ("log", caplog.text)]
    for file in (one for folder in ("store", "run") for one in sorted((tmp_path / folder).rglob("*")) if one.is_file()):
        text = file.read_bytes().decode("latin-1")
        if file.suffix == ".parquet":
            text += repr(read_table(file).to_pydict()) + repr(pq.read_metadata(file).metadata)
        texts.append((file.name, text))
    assert len(texts) > 10
    assert [(where, word) for where, text in texts for word in WORDS if word in text] == []
