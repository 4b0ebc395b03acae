"""The demo as its user sees it: what was planted is found, the truth is not read before, and what is printed works."""

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import yaml

import flows.demo
from features.core.storage.store import Store
from features.core.storage.table import read_table
from flows.named import find_study
from flows.planted import read_faults
from flows.try_next import called
from tests.support.page import Page

pytestmark = pytest.mark.slow
opened: list[str] = []
watching: list[bool] = []


def _spy(event: str, arguments: tuple[Any, ...]) -> None:
    if event in ("open", "os.listdir", "os.scandir") and watching:
        opened.append(str(arguments[0]))


@dataclass(frozen=True)
class Shown:
    """What the demo printed, and the folder that it was called in."""

    folder: Path
    out: str
    err: str


@contextmanager
def _inside(folder: Path) -> Iterator[None]:
    before = Path.cwd()
    os.chdir(folder)
    try:
        yield
    finally:
        os.chdir(before)


@pytest.fixture(scope="module")
def shown(inside, tmp_path_factory: pytest.TempPathFactory) -> Shown:
    """`radweave demo demo` at its full size, with the first model and the first split of its studies."""
    folder = tmp_path_factory.mktemp("shown")
    run_flow, studies = flows.demo.run_flow, [folder / f"{name}.yaml" for name in flows.demo.STUDIES]
    for path in studies:
        study = yaml.safe_load(find_study(path.stem).read_text("utf-8"))
        path.write_text(yaml.safe_dump({**study, "models": study["models"][:1], "splits": ["nested"]}), "utf-8")

    def watched(*arguments: Any, **options: Any) -> Any:
        watching.append(True)
        try:
            return run_flow(*arguments, **options)
        finally:
            watching.clear()

    sys.addaudithook(_spy)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(flows.demo, "run_flow", watched)
        patch.setattr(flows.demo, "STUDIES", tuple(map(str, studies)))
        found = inside("demo", "demo", cwd=folder, COLUMNS="80")
    return Shown(folder, found.stdout, found.stderr)


def test_every_planted_fault_gets_its_code_and_no_sound_patient_is_rejected(shown: Shown) -> None:
    faults = read_faults(shown.folder / "demo" / "cohort", Store(shown.folder / "demo" / "store"))
    assert [(one.code, one.found) for one in faults] == [(one.code, True) for one in faults] and len(faults) == 10
    assert "Planted faults: 10 of 10 found" in shown.out
    assert "Sound patients of whom nothing was rejected: 72 of 72" in shown.out
    counts = "72 in the studies + 7 with a rejected scan + 2 without a clinical row + 1 without a scan"
    assert f"Patients: 82 = {counts}" in " ".join(shown.out.split())


def scores(store: Path, study: str) -> pd.DataFrame:
    folder = next((store / "studies" / study).iterdir())
    return read_table(folder / "scores.parquet").to_pandas().query("centre == '' and within == ''")


@pytest.mark.parametrize(
    ("study", "metric", "model"),
    [("builtin_response", "auc", "lasso_logistic"), ("builtin_survival", "harrell_c", "coxnet")],
)
def test_radiomics_and_genes_beat_the_clinic_and_not_the_truth(
    shown: Shown, study: str, metric: str, model: str
) -> None:
    truth = json.loads((shown.folder / "demo" / "cohort" / "truth" / "truth.json").read_text())
    bayes = truth["bayes_auc"] if metric == "auc" else truth["bayes_c_index"]
    found = scores(shown.folder / "demo" / "store", study).query("metric == @metric and split == 'nested'")
    value = found.set_index(["blocks", "model"])["value"]
    assert value["radiomics_genomic", model] > value["clinical", model] + 0.05
    assert value.max() < bayes + 0.1
    assert value["deep", model] > (0.6 if metric == "auc" else 0.55)  # of the haze around the tumours
    assert (found["low"] < found["value"]).all()
    assert (found["n"] == 72).all()


def test_neither_refresh_nor_study_reads_the_truth(shown: Shown) -> None:
    assert any(name.endswith("A_clinical.csv") for name in opened)
    assert [name for name in opened if "truth" in Path(name).parts] == []


def test_the_page_tells_what_was_planted_and_its_links_lead_somewhere(shown: Shown) -> None:
    path = shown.folder / "demo" / "planted.html"
    page = Page(path.read_text("utf-8"))
    assert {row[3] for row in page.tables["table-faults"].rows[1:]} == {"yes"}
    signals = {tuple(row[:2]): row[2:] for row in page.tables["table-signal"].rows[1:]}
    assert signals["coin toss", "radiomics_genomic"][0] == "0.50"
    assert 0.7 < float(signals["response", "all"][0]) <= 1
    links = [found["href"] for tag, found in page.tags if tag == "a"]
    assert len(links) == 4 and all((path.parent / link).is_file() for link in links)


def test_what_is_redirected_is_plain_lines_with_whole_paths(shown: Shown) -> None:
    assert "\x1b" not in shown.out + shown.err and "\r" not in shown.out + shown.err
    assert re.search(r"^simulate patients: 82 of 82, \d+ s$", shown.err, re.MULTILINE)
    for bar in ("measure scans", "efficientnet_lite0", "fit"):
        assert bar in shown.err
    lines = shown.out[shown.out.index("Pages for the browser") :].splitlines()[1:7]
    assert all((shown.folder / line.strip()).exists() for line in lines)
    reports = (shown.folder / "demo" / "store" / "studies").glob("*/*/report.html")
    places = {*(path.relative_to(shown.folder) for path in reports), Path("demo/store/quality/builtin.html")}
    assert {Path(line.strip()) for line in lines} == {*places, Path("demo/planted.html"), Path("demo/store/mart")}
    assert len(places) == 4
    assert re.search(r"│ study coin_toss +│ +\d+ │", shown.out)
    assert all(len(line) <= 80 for line in shown.out.splitlines() if "│" in line)


def test_the_printed_commands_work_and_a_mended_mask_is_one_scan(shown: Shown, command) -> None:
    lines = shown.out[shown.out.index("Try next") :].splitlines()
    printed = [line.strip() for line in lines if line.startswith("  ")]
    radweave = called()
    shutil.copytree(shown.folder / "demo" / "cohort" / "C", shown.folder / "own")
    answers = {}
    for line in (line.replace("YOUR-FOLDER", "own") for line in printed):
        words = shlex.split(line.removeprefix(f"{radweave} "))
        if words[0] == "cp":
            subprocess.run(words, cwd=shown.folder, check=True)
        else:
            assert line.startswith(f"{radweave} ")
            answers[words[0]] = command(*words, cwd=shown.folder, RADWEAVE_RUNNER="threads")
    assert list(answers) == ["quarantine", "status", "query", "refresh", "diff", "init", "check"]
    assert "GEOMETRY" in answers["quarantine"].stdout and "GEOMETRY" not in answers["refresh"].stdout
    assert "builtin: measure scans: 1 of 1" in answers["refresh"].stderr
    with _inside(shown.folder):
        (mended,) = (one for one in read_faults(Path("demo/cohort"), Store(Path("demo/store"))) if one.mended)
    assert (mended.code, mended.codes) == ("GEOMETRY", ())


def test_commands_are_printed_as_they_can_be_called_from_here(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    script = tmp_path / "my env" / "bin" / "radweave"
    script.parent.mkdir(parents=True)
    script.write_text("#!/bin/sh\n")
    script.chmod(0o755)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PATH", "/usr/bin")
    monkeypatch.setattr(sys, "argv", [str(script), "demo"])
    assert called() == "'my env/bin/radweave'"
    monkeypatch.setenv("PATH", str(script.parent))
    assert called() == "radweave"
    monkeypatch.setattr(sys, "argv", ["/x/flows/cli.py"])
    assert called() == f"{shlex.quote(sys.executable)} -m flows.cli"
