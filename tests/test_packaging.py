"""The three packages are this checkout's, and none of their folders is left out of a build."""

import importlib
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


@pytest.mark.parametrize("name", ["features", "tasks", "flows"])
def test_the_name_resolves_to_this_checkout(name: str, tmp_path: Path) -> None:
    assert Path(str(importlib.import_module(name).__file__)) == ROOT / name / "__init__.py"
    code = f"import {name}; print({name}.__file__)"
    found = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert Path(found.stdout.strip()) == ROOT / name / "__init__.py"


@pytest.mark.slow
def test_every_file_of_the_packages_is_in_the_wheel(tmp_path: Path) -> None:
    command = [
        sys.executable,
        "-m",
        "pip",
        "wheel",
        "--quiet",
        "--no-deps",
        "--no-build-isolation",
        "-w",
        tmp_path,
        ROOT,
    ]
    subprocess.run(list(map(str, command)), check=True, capture_output=True)
    with zipfile.ZipFile(next(tmp_path.glob("*.whl"))) as wheel:
        packed = set(wheel.namelist())
    wanted = {
        str(path.relative_to(ROOT))
        for package in ("features", "tasks", "flows")
        for path in (ROOT / package).rglob("*")
        if path.suffix in (".py", ".yaml", ".html", ".csv", ".txt")
    }
    assert wanted <= packed
