"""Fits survive: a killed study, another model, a fault in the report and changed code cost what was not fitted before."""

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from features.core.storage.store import FIT, Store
from features.core.storage.table import read_table
from features.results.unneeded import remove_unneeded
from features.results.verify import verify
from features.results.withdraw import withdraw
from tests.support.catalog import cohort_of, write_catalog

pytestmark = pytest.mark.slow
ROOT = Path(__file__).parents[2]
STUDY = """
cohorts: [toy]
endpoint: response
blocks: {genes: [genes]}
models:
- lasso_logistic
- {kind: random_forest, trees: 30}
splits: [{kind: nested, folds: 5, repeats: 2}]
"""
FITS = 2 * 2 * 5 * 2  # two sets of blocks, with the baseline clinical, of two models on five folds, twice
KEPT = re.compile(r"study: fit(?: \((\d+) of \d+ fits were kept\))?: (\d+) of (\d+)")


class Place:
    """A catalog of one table, a study, and a store that holds the cohort."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.store = folder, Store(folder / "store")
        rng = np.random.default_rng(3)
        rows = ["ID,age,response,f1,f2,f3"]
        for i in range(60):
            f = rng.normal(size=3)
            rows.append(f"P{i},{40 + i % 30},{i % 2},{i % 2 + f[0]:.6f},{f[1]:.6f},{f[2]:.6f}")
        (folder / "all.csv").write_text("\n".join(rows) + "\n")
        clinical = {"age": "age", "response": {"from": "response", "codes": {"0": False, "1": True}}}
        own = {"path": "all.csv", "id": "ID"}
        variables = {
            "age": {"type": "number", "unit": "years", "description": "age"},
            "response": {"type": "flag", "description": "response", "role": "outcome"},
        }
        tables = [
            {"block": "clinical", **own, "columns": clinical},
            {"block": "genes", **own, "columns": ["f1", "f2", "f3"]},
        ]
        endpoints = {"response": {"kind": "binary", "column": "response"}}
        write_catalog(folder, toy=cohort_of(variables=variables, tables=tables, endpoints=endpoints))
        (folder / "study.yaml").write_text(STUDY)

    def command(self, *words: str) -> list[str]:
        options = "--catalog", "data_catalog.yaml", "--store", "store", "--workers", "1"
        return [sys.executable, "-m", "flows.cli", *words, *options]

    def run(self, *words: str, code: int = 0, root: Path = ROOT) -> str:
        """What a command says on stderr."""
        settings = {**os.environ, "PYTHONPATH": str(root)}
        found = subprocess.run(
            self.command(*words),
            cwd=self.folder,
            env=settings,
            capture_output=True,
            text=True,
            timeout=900,
            check=False,
        )
        assert found.returncode == code, found.stdout + found.stderr
        return found.stderr

    def study(self, root: Path = ROOT) -> tuple[int, int]:
        """Run the study: how many fits were kept, and how many folds were computed."""
        kept, done, _ = KEPT.findall(self.run("study", "study.yaml", root=root))[-1]
        return int(kept or 0), int(done)

    def kept(self) -> dict[Path, int]:
        """The files of kept fits, with the times at which they were written."""
        return {path: path.stat().st_mtime_ns for path in (self.store.root / "work" / FIT).rglob("*.parquet")}

    def tables(self) -> dict[str, bytes]:
        """The bytes of the tables of the only run."""
        (run,) = (self.store.root / "studies" / "study").iterdir()
        return {path.name: path.read_bytes() for path in run.glob("*.parquet")}


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Place:
    """A study that came to its end without interruption; do not change it."""
    place = Place(tmp_path_factory.mktemp("whole"))
    place.run("refresh", "toy")
    assert place.study() == (0, 10)
    assert len(place.kept()) == FITS
    return place


@pytest.fixture
def ended(whole: Place, tmp_path: Path) -> Place:
    """A copy of it, for tests that change it."""
    place = Place(tmp_path)
    shutil.copytree(whole.store.root, place.store.root, symlinks=True)
    return place


def test_a_study_that_is_killed_near_its_end_computes_the_rest(whole: Place, tmp_path: Path) -> None:
    place = Place(tmp_path)
    place.run("refresh", "toy")
    settings = {**os.environ, "PYTHONPATH": str(ROOT)}
    with (tmp_path / "log").open("wb") as log:
        process = subprocess.Popen(
            place.command("study", "study.yaml"),
            cwd=tmp_path,
            env=settings,
            stderr=log,
            stdout=log,
            start_new_session=True,
        )
        while process.poll() is None and len(place.kept()) < 0.9 * FITS:
            time.sleep(0.005)
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    before = place.kept()
    assert 0.9 * FITS <= len(before) <= FITS
    shutil.rmtree(
        place.store.root / "studies", ignore_errors=True
    )  # on a busy machine it may have come to its end first
    assert place.study()[0] == len(before)
    after = place.kept()
    assert len(after) == FITS
    assert {path: after[path] for path in before} == before
    assert place.tables() == whole.tables()
    assert verify(place.store).faults == ()


def test_another_model_costs_that_model(ended: Place) -> None:
    before = ended.kept()
    (ended.folder / "study.yaml").write_text(
        STUDY.replace("models:", "models:\n- {kind: svm, C: [1.0], kernel: [linear]}")
    )
    assert ended.study() == (FITS, 10)
    after = ended.kept()
    assert len(after) - len(before) == FITS // 2
    assert {path: after[path] for path in before} == before


def copied_code(folder: Path) -> Path:
    for package in ("features", "tasks", "flows"):
        shutil.copytree(ROOT / package, folder / package, ignore=shutil.ignore_patterns("__pycache__"))
    return folder


def change(path: Path, old: str, new: str) -> None:
    assert old in path.read_text()
    path.write_text(path.read_text().replace(old, new, 1))


def test_a_fault_in_the_report_costs_no_fit_and_changed_models_cost_theirs(ended: Place, tmp_path: Path) -> None:
    code, report = copied_code(tmp_path / "code"), "tasks/report.py"
    change(code / report, "    report = render_report(", "    1 / 0\n    report = render_report(")
    assert "ZeroDivisionError" in ended.run("study", "study.yaml", code=1, root=code)
    change(code / report, "    1 / 0\n", "    # mended\n")
    assert ended.study(code) == (FITS, 0)
    change(code / "tasks" / "modelling" / "models" / "random_forest.py", '"""', '"""Changed. ')
    assert ended.study(code) == (FITS // 2, 10)
    assert len(ended.kept()) == FITS + FITS // 2


def test_a_damaged_fit_is_said_and_fitted_again(ended: Place) -> None:
    shutil.rmtree(ended.store.root / "studies")
    path = min(ended.kept())
    path.write_bytes(path.read_bytes()[:-40])
    said = ended.run("study", "study.yaml")
    name = path.relative_to(ended.store.root)
    assert f"radweave: fitted again, since what was kept is damaged: {name}\n" in said
    assert f"({FITS - 1} of {FITS} fits were kept): 1 of 1" in said


def test_a_withdrawn_patient_leaves_no_fit_and_gc_spares_those_of_runs(ended: Place) -> None:
    (run,) = (ended.store.root / "studies" / "study").iterdir()
    assert {path.stem for path in ended.kept()} == set(read_table(run / "fits.parquet")["result"].to_pylist())
    for path in ended.kept():
        os.utime(path, (1, 1))
    remove_unneeded(ended.store, 1)
    assert len(ended.kept()) == FITS
    patient = read_table(ended.store.mart / "clinical" / "toy.parquet")["patient"][0].as_py()
    assert withdraw(ended.store, f"toy:{patient}", "consent").fits == FITS
    assert ended.kept() == {}
    assert ended.study() == (0, 10)
