"""Studies on the built-in cohort: what is withdrawn, has changed or is refused is said, and a query never writes."""

import re
import shutil
from pathlib import Path
from types import SimpleNamespace

import pandas as pd
import pytest

from features.core.storage.store import Store
from features.core.storage.table import read_table
from features.results.cases import cases_of
from features.results.verify import verify
from features.results.withdraw import withdraw

pytestmark = pytest.mark.slow
ROOT = Path(__file__).parents[2]


def test_a_patient_who_is_withdrawn_while_a_study_runs_is_not_in_it(
    demo, command, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    store = Store(demo.copy(tmp_path))
    patient = read_table(store.mart / "clinical" / "builtin.parquet")["patient"][0].as_py()

    def fit_and_withdraw(design, *_: object, **__: object) -> SimpleNamespace:
        assert any(case.split(":")[1] == patient for case in design.X.index)
        withdraw(store, f"builtin:{patient}", "consent")
        table = pd.DataFrame({"case": design.X.index})
        return SimpleNamespace(
            scores_table=lambda: table,
            selected_table=lambda: table,
            singles_table=lambda: table,
            centre_told_table=lambda: table,
            worth_table=lambda: table,
            comparisons_table=lambda: table,
            claims_table=lambda: table,
            label_noise_table=lambda: table,
            controls_table=lambda: table,
            groups_table=lambda: table,
            by_horizon_table=lambda: table,
            incidences=table,
            copies_table=lambda: table,
            shares_table=lambda: table,
            predictions=table,
            probabilities=table,
            digest="",
        )

    monkeypatch.setattr("tasks.fit.evaluate", fit_and_withdraw)
    words = ("study", "builtin_survival", "--catalog", demo.catalog, "--store", store.root)
    assert "was withdrawn while the study ran; run the study again" in command(*words, code=4).stderr
    assert cases_of(store) & {f"builtin:{patient}"} == set()
    assert verify(store).faults == ()


def test_a_study_is_stale_once_the_catalog_has_changed(demo, command, tmp_path: Path) -> None:
    store = demo.copy(tmp_path)
    state = r"│ builtin_response │ \w+ │ (\w+) +│"  # the folder's own name holds the word "stale" too
    found = command("status", "--store", store, "--catalog", demo.catalog).stdout
    assert re.findall(state, found) == ["current"]
    changed = demo.catalog.parent / "other_catalog.yaml"
    changed.write_text(demo.catalog.read_text().replace("horizon_days: 1826", "horizon_days: 1000"))
    found = command("status", "--store", store, "--catalog", changed).stdout
    changed.unlink()
    assert re.findall(state, found) == ["stale"]
    found = command("status", "--store", store, "--catalog", changed, COLUMNS="400").stdout
    assert f"│ unknown │ {changed}: there is no such file; name it by --catalog" in found


def test_a_study_is_stale_once_the_code_that_fits_it_has_changed(demo, radweave, tmp_path: Path) -> None:
    code = tmp_path / "code"
    for package in ("features", "tasks", "flows"):
        shutil.copytree(ROOT / package, code / package, ignore=shutil.ignore_patterns("__pycache__"))

    def state() -> list[tuple[str, str]]:
        asked = ("status", "--store", demo.store, "--catalog", demo.catalog)
        found = radweave(*asked, cwd=code, PYTHONPATH=str(code), COLUMNS="400").stdout
        return re.findall(r"│ builtin_response │ \w+ │ (\w+) +│ ([^│]*?) +│", found)

    def change(name: str) -> None:
        (code / name).write_text((code / name).read_text() + "\n# changed\n")

    change("features/images/dicom/stack.py")  # its results are in the tables, under addresses of their own
    assert state() == [("current", "")]
    change("tasks/modelling/metrics/auc.py")
    assert state() == [("stale", "the code of radweave changed")]


def test_a_refused_study_leaves_no_folder(demo, command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store, study = demo.copy(tmp_path), tmp_path / "mine.yaml"
    study.write_text("cohorts: [builtin]\nendpoint: response\nblocks: {genes: [genomic]}\nmodels: [svm]\n")
    monkeypatch.setattr("tasks.modelling.evaluation.evaluate.MINIMUM_CASES", 100)
    asked = ("study", study, "--catalog", demo.catalog, "--store", store, "--runner", "threads")
    assert "needed: 100 cases" in command(*asked, code=3).stderr
    assert [path.name for path in (store / "studies").iterdir()] == ["builtin_response"]


def test_query_reads_and_never_writes(demo, command, tmp_path: Path) -> None:
    arguments = ("--store", demo.store, "--format", "csv")
    assert command("query", "SELECT count(*) AS n FROM clinical", *arguments).stdout == '"n"\n24\n'
    explained = command("query", "SELECT count(*) FROM dictionary WHERE description = ''", *arguments).stdout
    assert explained.splitlines()[1] == "0"
    for attack in (
        f"COPY (SELECT 1) TO '{tmp_path / 'out.csv'}'",
        "SELECT * FROM read_csv('/etc/passwd')",
        "SET enable_external_access = true",
        f"ATTACH '{tmp_path / 'x.db'}'",
        "INSTALL httpfs",
    ):
        assert "the query fails" in command("query", attack, *arguments, code=2).stderr
    assert list(tmp_path.iterdir()) == []
