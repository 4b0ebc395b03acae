"""Without torch all works that needs no deep features; what needs them says how it is installed."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
ABSENT = """
import importlib.metadata, sys

class Absent:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] == "torch":
            raise ModuleNotFoundError("No module named 'torch'", name="torch")

sys.meta_path.insert(0, Absent())
found = importlib.metadata.Distribution.from_name.__func__

def from_name(cls, name):
    if name == "torch":
        raise importlib.metadata.PackageNotFoundError(name)
    return found(cls, name)

importlib.metadata.Distribution.from_name = classmethod(from_name)
"""
BROKEN = "raise ImportError('libtorch.so: cannot open shared object file')"


@pytest.mark.slow
def test_a_refresh_with_deep_features_says_how_torch_is_installed(demo, radweave, tmp_path: Path) -> None:
    (tmp_path / "sitecustomize.py").write_text(ABSENT)
    path = f"{ROOT}{os.pathsep}{tmp_path}"
    places = ("--catalog", demo.catalog, "--store", demo.copy(tmp_path))
    found = radweave("refresh", "--all", *places, code=7, PYTHONPATH=path)
    assert "deep features need the package torch, which is not installed: make torch in a checkout" in found.stderr
    assert "Traceback" not in found.stderr
    assert "1 cohort" in radweave("check", *places[:2], PYTHONPATH=path).stdout
    assert "builtin_response" in radweave("status", *places, PYTHONPATH=path).stdout
    found = radweave("study", "builtin_response", *places, PYTHONPATH=path)  # of deep features that are kept
    assert "Report:" in found.stdout and "Traceback" not in found.stderr


@pytest.mark.slow
def test_a_torch_that_cannot_be_loaded_is_said_too(demo, radweave, tmp_path: Path) -> None:
    (tmp_path / "torch.py").write_text(BROKEN)
    options = ("--all", "--catalog", demo.catalog, "--store", tmp_path / "store", "--workers", 1)
    away = {
        "PYTHONPATH": f"{ROOT}{os.pathsep}{tmp_path}",
        "XDG_CACHE_HOME": tmp_path / "cache",
    }  # no network is kept there
    found = radweave("refresh", *options, code=7, **away)
    assert "torch, which cannot be loaded (libtorch.so: cannot open shared object file): make torch in" in found.stderr
    assert "Traceback" not in found.stderr


# Each command in a child of one process without torch, which spares them the imports.
CODE = """
import json, os, sys
import pandas, pyarrow.parquet, duckdb, SimpleITK, scipy.stats, numba
from flows.cli import main
for command in json.loads(sys.argv[1]):
    sys.stdout.flush()
    if os.fork() == 0:
        out = os.open(command[0], os.O_WRONLY | os.O_CREAT)
        os.dup2(out, 1), os.dup2(out, 2)
        code = 0
        try:
            main(command[2:])
        except SystemExit as end:
            code = end.code or 0
        sys.stdout.flush()
        os._exit(code)
    code = os.waitstatus_to_exitcode(os.wait()[1])
    print(json.dumps([command[2], code, command[1] in open(command[0]).read()]))
"""
HANDCRAFTED = "modality: CT\nunit: HU\nspacing_mm: [4, 4, 4]\ndiscretise: {bin_width: 25}\nextractors: [radweave]\n"


@pytest.mark.slow
def test_what_needs_no_network_works(demo, tmp_path: Path) -> None:
    (tmp_path / "sitecustomize.py").write_text(ABSENT)
    (tmp_path / "hand.yaml").write_text(HANDCRAFTED)
    image = next(demo.catalog.parent.glob("C/*/baseline/CT.nii.gz"))
    pair = (image, image.with_name("GTV.nii.gz"))
    for block in ("region", "thumbnail"):  # what needs no network either, and is not asked about here
        shutil.copytree(demo.store / "work" / block, tmp_path / "new" / "work" / block)
    old, new = ["--store", demo.store], ["--store", tmp_path / "new", "--catalog", demo.catalog]
    commands = [
        ("Usage", "--help"),
        ("1 cohort", "check", "--catalog", demo.catalog),
        ("network", "features", "--image-types"),
        ("ngtdm", "extract", *pair),
        ("1 map", "map", *pair, "--feature", "firstorder_Mean", "--output", tmp_path / "maps"),
        ("builtin", "refresh", "builtin", "--recipe", tmp_path / "hand.yaml", "--runner", "threads", *new),
        ("builtin_response", "status", *old, "--catalog", demo.catalog),
        ("count_star", "query", "SELECT count(*) FROM radiomics", *old),
        ("region.csv", "export", "region", "--output", tmp_path / "region.csv", *old),
        ("", "verify", *old),
        ("deep features need the package torch", "demo", tmp_path / "demo"),
    ]
    asked = json.dumps([[str(tmp_path / f"out{i}"), *map(str, words)] for i, words in enumerate(commands)])
    path = f"{ROOT}{os.pathsep}{tmp_path}"
    run = subprocess.run(
        [sys.executable, "-c", CODE, asked],
        env={**os.environ, "PYTHONPATH": path, "COLUMNS": "200"},
        capture_output=True,
        text=True,
        cwd=tmp_path,
    )
    assert run.returncode == 0, run.stderr
    found = [json.loads(line) for line in run.stdout.splitlines()]
    said = [(tmp_path / f"out{i}").read_text() for i in range(len(commands))]
    assert found == [[words[1], 7 if words[1] == "demo" else 0, True] for words in commands], said
    assert not (tmp_path / "demo").exists()
