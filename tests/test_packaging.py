"""The packages are this checkout's; the wheel holds all of them and nothing else, and works where there is no checkout."""

import importlib
import os
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from tests.support.scans import save_itk

ROOT = Path(__file__).parents[1]
PACKAGES = ("features", "tasks", "flows", "radweave-stubs")
ALONE = ("radweave.py", "pyproject.toml", "README.md", "LICENSE")
PIP = (sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check", "--no-cache-dir")


@pytest.mark.parametrize("name", ["features", "tasks", "flows", "radweave"])
def test_the_name_resolves_to_this_checkout(name: str, tmp_path: Path) -> None:
    place = ROOT / name / "__init__.py" if name != "radweave" else ROOT / "radweave.py"
    assert Path(str(importlib.import_module(name).__file__)) == place
    code = f"import {name}; print({name}.__file__)"
    found = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert Path(found.stdout.strip()) == place


def files(root: Path) -> set[str]:
    """All files of the packages and of the module beside them."""
    found = (path for package in PACKAGES for path in (root / package).rglob("*") if path.is_file())
    return {"radweave.py", *(str(path.relative_to(root)) for path in found if "__pycache__" not in path.parts)}


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built of a copy: a build leaves folders behind, whose old files the next one would take in."""
    folder = tmp_path_factory.mktemp("wheel")
    for name in PACKAGES:
        shutil.copytree(ROOT / name, folder / "source" / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ALONE:
        shutil.copy(ROOT / name, folder / "source")
    command = [*PIP, "wheel", "--no-deps", "--no-build-isolation", "-w", str(folder), str(folder / "source")]
    subprocess.run(command, check=True, capture_output=True)
    return next(folder.glob("*.whl"))


@pytest.mark.slow
def test_the_wheel_holds_every_file_of_the_packages_and_no_other(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as packed:
        names = {name for name in packed.namelist() if ".dist-info/" not in name}
        (commands,) = (name for name in packed.namelist() if name.endswith("/entry_points.txt"))
        assert "radweave = radweave:main" in packed.read(commands).decode()
    assert names == files(ROOT)
    assert {f"{package}/py.typed" for package in PACKAGES[:3]} <= names


Outside = Callable[..., str]


@pytest.fixture(scope="module")
def outside(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Outside:
    """A command in a folder of its own, with the wheel installed apart from the checkout and before it on the path."""
    folder = tmp_path_factory.mktemp("outside")
    target = folder / "site"
    subprocess.run([*PIP, "install", "--no-deps", "--no-index", "--target", str(target), str(wheel)], check=True)
    (folder / "work").mkdir()

    def run(*words: object) -> str:
        settings = {**os.environ, "PYTHONPATH": str(target), "PYTHONSAFEPATH": "1"}
        command = [sys.executable, *map(str, words)]
        if words[0] == "radweave":
            command[1] = str(target / "bin" / "radweave")
        found = subprocess.run(command, cwd=folder / "work", env=settings, capture_output=True, text=True, check=False)
        assert found.returncode == 0, found.stdout + found.stderr
        return found.stdout

    return run


@pytest.mark.slow
def test_an_installed_wheel_works_outside_the_checkout(outside: Outside, tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    labels = np.zeros((5, 6, 7), np.uint8)
    labels[1:4, 1:5, 2:6] = 1
    for name, array in (("image", rng.normal(100, 20, labels.shape).astype(np.float32)), ("mask", labels)):
        save_itk(tmp_path / f"{name}.nrrd", array)
    code = f"""
import features, flows, radweave, tasks
found = radweave.extract({str(tmp_path / "image.nrrd")!r}, {str(tmp_path / "mask.nrrd")!r},
                         param={{"featureClass": {{"firstorder": ["Mean"]}}}})
print(found.outcome, *found, *{{module.__file__.rsplit("/site/")[-1] for module in (features, tasks, flows, radweave)}})
"""
    places = {"features/__init__.py", "tasks/__init__.py", "flows/__init__.py", "radweave.py"}
    assert set(outside("-c", code).split()) == {"computed", "original_firstorder_Mean", *places}
    assert outside("radweave", "--version").startswith("radweave ")
    assert "glcm" in outside("radweave", "features")
    names = "literature_files as own, recipe_files, study_files"
    code = f"from flows.named import {names}; print(*recipe_files(), *study_files(), *own())"
    there = {path.stem for kind in ("recipes", "studies") for path in (ROOT / "flows" / kind).glob("*.yaml")}
    assert there <= set(outside("-c", code).split())


@pytest.mark.slow
def test_a_project_that_uses_the_wheel_is_type_checked_against_it(outside: Outside, tmp_path: Path) -> None:
    """An ignore that nothing needs is an error: so the types are those of the wheel, not Any. What is large is skipped."""
    (tmp_path / "project.py").write_text("""
from typing import assert_type

import radweave

try:
    found = radweave.extract("image.nrrd", "mask.nrrd", param={"setting": {"binWidth": 10}})
    assert_type(found["original_firstorder_Mean"], float)
    radweave.extract("image.nrrd")  # type: ignore[call-arg]
    radweave.RadiomicsFeatureExtractor(25)  # type: ignore[arg-type]
    radweave.read_table("store", "region", as_="excel")  # type: ignore[call-overload]
except radweave.PairError as error:
    assert_type(error.code, str)
""")
    large = (
        "pydantic",
        "pandas",
        "pyarrow",
        "polars",
        "SimpleITK",
        "yaml",
        "duckdb",
        "numba",
        "rich",
        "scipy",
        "pydicom",
    )
    modules = ",".join(f"{name}.*" for name in large)
    (tmp_path / "mypy.ini").write_text(f"[mypy]\nstrict = true\n[mypy-{modules}]\nfollow_imports = skip\n")
    place = ("--config-file", tmp_path / "mypy.ini", "--cache-dir", tmp_path / "cache", tmp_path / "project.py")
    assert outside("-m", "mypy", *place).startswith("Success")
