"""An association study on the way that a user takes: check, refresh, study, status, query, withdraw; with one visit and several."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import yaml
from scipy.stats import spearmanr

from features.core.errors import RadweaveError
from features.core.storage.table import read_table
from features.results.runs import read_run
from features.results.schemas import ASSOCIATION_TABLES
from flows.change import Change
from flows.named import read_study
from flows.serving import artifacts
from tasks.modelling.association.study import AssociationStudy
from tests.conftest import Demo
from tests.support.catalog import cohort_of, write_catalog

CENTRES = ("A", "B", "C")
STUDY: dict[str, Any] = {
    "kind": "association",
    "title": "SUV and HER2",
    "cohorts": ["toy"],
    "blocks": ["tracer"],
    "variables": ["her2", "age", "os"],
    "effects": [
        "mann_whitney",
        "spearman",
        {"kind": "partial_correlation", "adjusted_for": ["age", "centre"]},
        {"kind": "hazard_ratio", "stratified_by": "centre"},
    ],
}


@pytest.fixture
def toy(tmp_path: Path) -> Path:
    """60 patients of three centres: SUVmax follows HER2, a column is constant, one is empty; five lack HER2."""
    rng = np.random.default_rng(5)
    rows = ["ID,centre,age,her2,days,death,suvmax,mtv,tlg,flat,empty"]
    for i in range(60):
        her2 = i % 2
        suv, mtv = 6 + 2.5 * her2 + rng.normal(), rng.lognormal(2, 0.6)
        days = 1 + rng.exponential(700)
        known = "" if i < 5 else str(her2)
        facts = f"P{i},{CENTRES[i % 3]},{rng.normal(62, 9):.2f},{known},{days:.1f},{int(rng.random() < 0.7)}"
        rows.append(f"{facts},{suv:.4f},{mtv:.4f},{suv * mtv:.4f},1,")
    (tmp_path / "all.csv").write_text("\n".join(rows) + "\n")
    codes = {"codes": {"0": False, "1": True}}
    clinical = {"age": "age", "her2": {"from": "her2", **codes}, "days": "days", "death": {"from": "death", **codes}}
    own = {"path": "all.csv", "id": "ID", "centre": {"column": "centre", "codes": {one: one for one in CENTRES}}}
    tables = [
        {"block": "clinical", **own, "columns": clinical},
        {"block": "tracer", **own, "columns": ["suvmax", "mtv", "tlg", "flat", "empty"]},
    ]
    outcome = {"role": "outcome", "description": "seen"}
    variables = {
        "age": {"type": "number", "unit": "years", "description": "age"},
        "her2": {"type": "flag", **outcome},
        "days": {"type": "number", "unit": "days", **outcome},
        "death": {"type": "flag", **outcome},
    }
    endpoints = {"os": {"kind": "survival", "time": "days", "event": "death"}}
    centres = {one: {"title": one} for one in CENTRES}
    write_catalog(tmp_path, toy=cohort_of(variables=variables, tables=tables, endpoints=endpoints, centres=centres))
    (tmp_path / "suv.yaml").write_text(yaml.safe_dump(STUDY))
    return tmp_path


@pytest.mark.slow
def test_the_way_of_a_user(toy: Path, command: Callable[..., Any], monkeypatch: pytest.MonkeyPatch) -> None:
    """From the table to the report; nothing is measured again; a withdrawal makes it stale, and the next run lacks the patient."""
    where = ("--catalog", toy / "data_catalog.yaml", "--store", toy / "store")
    study = toy / "suv.yaml"
    assert "1 study: no faults" in command("check", study, *where[:2]).stdout
    command("refresh", "toy", *where, "--runner", "threads")
    said = command("study", study, *where, "--runner", "threads").stdout
    assert "no prediction" in said
    (run,) = (toy / "store" / "studies" / "suv").iterdir()
    tables = {schema.name: read_table(run / f"{schema.name}.parquet") for schema in ASSOCIATION_TABLES}
    assert all(tables[schema.name].schema.equals(schema.arrow) for schema in ASSOCIATION_TABLES)
    rows = tables["associations"].to_pandas()
    assert len(rows) == 5 * (1 + 2 + 2 + 1)  # columns × variables that each effect takes
    counts = rows[["n", "without_variable", "without_column", "without_adjusted"]].sum(axis=1)
    assert (counts == rows["cases"]).all()
    assert (rows["cases"] == 60).all()
    tested = rows[rows["p"].notna()]
    assert len(tested) == 3 * 5 + 0  # age is held fixed and so not tested against itself
    assert {*rows[rows["p"].isna()]["reason"]} >= {"the column has one value in all 55 cases", "0 cases; needed: 10"}
    first = rows.iloc[0]
    assert (first["column"], first["variable"], bool(first["discovery"]), first["n"]) == (
        "tracer__suvmax",
        "her2",
        True,
        55,
    )
    own = pd.read_csv(toy / "all.csv")
    rho = rows.query("effect == 'spearman' and variable == 'age' and column == 'tracer__mtv'").iloc[0]
    assert rho["value"] == pytest.approx(spearmanr(own["mtv"], own["age"]).statistic, abs=1e-9)
    assert {*tables["associations_by_centre"]["centre"].to_pylist()} == {*CENTRES}
    facts, page = read_run(run), (run / "report.html").read_text("utf-8")
    assert "p of at most 0.05" in facts["headline"]
    for words in ("no predictions", "outcome missing (n = 5)", "figure-forest-spearman", "figure-volcano-mann-whitney"):
        assert words in page
    assert not {"selected.parquet", "predictions.parquet", "fits.parquet"} & {path.name for path in run.iterdir()}
    shown = _shown_in_ui(run, toy / "store", monkeypatch)
    assert "tracer__suvmax" in shown["report-suv"] and "data:image/svg+xml" in shown["report-suv"]
    assert f"'n': '{first['n']}'" in shown["associations-suv"]
    before = (run / "study.json").stat().st_mtime_ns
    command("study", study, *where)
    assert (run / "study.json").stat().st_mtime_ns == before
    assert "current" in command("status", *where).stdout
    answer = command("query", "SELECT count(*) AS tests FROM associations WHERE p IS NOT NULL", *where[2:]).stdout
    assert str(len(tested)) in answer
    patient = read_table(run / "design.parquet")["case"].to_pylist()[0].rsplit(":", 1)[0]
    command("withdraw", patient, "--reason", "consent", *where[2:])
    assert not (run / "report.html").exists() or patient.split(":")[1] not in (run / "report.html").read_text("utf-8")
    assert "1 of its cases was withdrawn" in command("status", *where).stdout
    command("study", study, *where, "--runner", "threads")
    newest = max((toy / "store" / "studies" / "suv").iterdir(), key=lambda path: (path / "study.json").stat().st_mtime)
    assert {row["cases"] for row in read_table(newest / "associations.parquet").to_pylist()} == {59}


def _shown_in_ui(run: Path, store: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """Key of an artifact → what it holds, of a run that the UI started."""
    shown: dict[str, str] = {}
    monkeypatch.setattr(artifacts, "create_table_artifact", lambda table, key, **_: shown.update({key: str(table)}))
    monkeypatch.setattr(artifacts, "create_markdown_artifact", lambda text, key, **_: shown.update({key: text}))
    board = artifacts.Board()
    monkeypatch.setattr(board, "_open", True)
    monkeypatch.setattr(board, "_way", lambda *_: "the way")
    board.studied("suv", "SUV and HER2", run, store)
    return shown


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"variables": ["her3"]}, 'unknown variable of cohort toy; found "her3"'),
        ({"effects": ["kruskal"], "variables": ["os"]}, 'no effect takes the variable "os"'),
        ({"effects": ["spearman", "hazard_ratio"], "variables": ["her2"]}, "hazard_ratio takes none of the variables"),
        ({"blocks": ["traccer"]}, 'unknown block; found "traccer"'),
        ({"measured_at": "week3"}, "unknown time point of cohort toy"),
        ({"effects": [{"kind": "partial_correlation", "adjusted_for": ["agee"]}]}, 'unknown column; found "agee"'),
        ({"cohorts": ["toyy"]}, 'unknown cohort; found "toyy"'),
        ({"kind": "asociation"}, 'unknown kind "asociation"; allowed: association'),
        ({"models": ["svm"]}, "models"),
        ({"visits": "each", "effects": ["mixed_effects"], "variables": []}, "visits: each needs images, or tables"),
        ({"blocks": ["radiomics"]}, 'the block "radiomics" comes from no recipe'),
    ],
)
def test_what_the_catalog_lacks_is_told_with_its_line(
    toy: Path, command: Callable[..., Any], change: dict[str, Any], words: str
) -> None:
    (toy / "wrong.yaml").write_text(yaml.safe_dump({**STUDY, **change}))
    told = command("check", toy / "wrong.yaml", "--catalog", toy / "data_catalog.yaml", code=2).stderr
    assert words in told
    assert "wrong.yaml" in told


def test_studies_that_the_page_shows_are_read() -> None:
    page = (Path(__file__).parents[2] / "docs" / "association.md").read_text("utf-8")
    shown = [yaml.safe_load(text.split("```")[0]) for text in page.split("```yaml\n")[1:] if text.startswith("kind")]
    assert [AssociationStudy.model_validate({"name": "shown", **one}).kind for one in shown] == ["association"] * 2


def test_a_run_may_have_other_blocks_and_no_models(toy: Path) -> None:
    plan, _ = read_study(toy / "suv.yaml")
    assert Change(blocks=(("clinical",), ("tracer", "clinical"))).of(plan).used_blocks == {"clinical", "tracer"}
    assert Change().of(plan) is plan
    with pytest.raises(
        RadweaveError, match="predicts nothing: it has no place for external cohorts, a seed; allowed: blocks"
    ):
        Change(seed=3, external=("toy",)).of(plan)


@pytest.mark.slow
def test_changes_of_visits_are_those_of_mixed_models(tmp_path: Path, command: Callable[..., Any]) -> None:
    """A table of four visits of each patient: the planted fall is found, its difference by the response too, and days are told."""
    rng = np.random.default_rng(2)
    rows, answers, days = ["ID,visit,volume,noise"], ["ID,response"], ["ID,visit,day"]
    for i in range(24):
        answers.append(f"P{i},{i % 2}")
        start = rng.normal(30, 4)
        for week in range(4):
            day = 7 * week + (i % 3 if week else 0)
            days.append(f"P{i},V{week},{day}")
            rows.append(f"P{i},V{week},{start - (0.2 + 0.2 * (i % 2)) * day + rng.normal():.4f},{rng.normal():.4f}")
    for name, lines in (("visits", days), ("features", rows), ("clinical", answers)):
        (tmp_path / f"{name}.csv").write_text("\n".join(lines) + "\n")
    visit = {"column": "visit", "codes": {"V0": "baseline", "V#": "week"}}
    response = {"from": "response", "codes": {"0": False, "1": True}}
    cohort = cohort_of(
        timepoints={"baseline": 0, "week": {"to": 3, "every": 7}},
        visits={"path": "visits.csv", "id": "ID", "timepoint": visit, "day": "day"},
        variables={"response": {"type": "flag", "description": "response", "role": "outcome"}},
        tables=[
            {"block": "clinical", "path": "clinical.csv", "id": "ID", "columns": {"response": response}},
            {"block": "ct", "path": "features.csv", "id": "ID", "columns": ["volume", "noise"], "timepoint": visit},
        ],
        endpoints={},
    )
    write_catalog(tmp_path, toy=cohort)
    study = {
        **{key: STUDY[key] for key in ("kind", "cohorts")},
        "blocks": ["ct"],
        "variables": ["response"],
        "measured_at": "week3",
        "visits": "each",
        "effects": ["mixed_effects", {"kind": "mixed_effects", "term": "interaction"}],
    }
    (tmp_path / "change.yaml").write_text(yaml.safe_dump(study))
    where = ("--catalog", tmp_path / "data_catalog.yaml", "--store", tmp_path / "store")
    command("refresh", "toy", *where, "--runner", "threads")
    command("study", tmp_path / "change.yaml", *where, "--runner", "threads")
    (run,) = (tmp_path / "store" / "studies" / "change").iterdir()
    found = {(r["effect"], r["column"]): r for r in read_table(run / "associations.parquet").to_pylist()}
    fall = found["mixed_effects_days", "ct__volume"]
    assert (fall["n"], fall["patients"], fall["variable"]) == (96, 24, "")
    assert fall["value"] * fall["sd"] == pytest.approx(-9.0, abs=1.0)  # 0.3 a day, over 30 days
    apart = found["mixed_effects_interaction", "ct__volume"]
    assert apart["value"] * apart["sd"] == pytest.approx(-6.0, abs=1.5)
    assert apart["discovery"]
    assert not found["mixed_effects_days", "ct__noise"]["discovery"]
    assert "SD per 30 days" in (run / "report.html").read_text("utf-8")


@pytest.mark.slow
def test_the_study_that_comes_with_radweave_runs_on_the_built_in_cohort(
    demo: Demo, tmp_path: Path, command: Callable[..., Any]
) -> None:
    """Its planted genes and features are discoveries; stage and centres are told."""
    store = demo.copy(tmp_path)
    where = ("--catalog", demo.catalog, "--store", store)
    command("study", "builtin_association", *where, "--runner", "threads")
    (run,) = (store / "studies" / "builtin_association").iterdir()
    rows = read_table(run / "associations.parquet").to_pandas()
    assert {*rows["effect"]} == {"mann_whitney", "hazard_ratio", "partial_correlation"}
    assert rows["discovery"].any()
    assert (rows["cases"] == rows[["n", "without_variable", "without_column", "without_adjusted"]].sum(axis=1)).all()
