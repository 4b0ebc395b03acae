"""`import radweave`: quick, thin, and clear where a folder of the user's hides one of our packages."""

import ast
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

import radweave

ROOT = Path(__file__).parents[1]


def python(
    *arguments: str, cwd: Path, code: int = 0, path: str = str(ROOT), **environment: str
) -> subprocess.CompletedProcess[str]:
    settings = {**os.environ, "PYTHONPATH": path, **environment}
    found = subprocess.run(
        [sys.executable, *arguments], cwd=cwd, env=settings, capture_output=True, text=True, check=False
    )
    assert found.returncode == code, found.stdout + found.stderr
    return found


def test_import_loads_nothing_that_computes_and_none_of_our_packages(tmp_path: Path) -> None:
    code = "import sys; before = set(sys.modules); import radweave; print(*sorted(set(sys.modules) - before))"
    loaded = python("-c", code, cwd=tmp_path).stdout.split()
    assert "radweave" in loaded
    assert len(loaded) < 40
    assert {name.split(".")[0] for name in loaded} <= {"radweave", *sys.stdlib_module_names}


def test_features_and_tables_are_read_without_torch_and_prefect(tmp_path: Path) -> None:
    code = "import sys; sys.modules['torch'] = sys.modules['prefect'] = None; from radweave import *; print(extract.__doc__)"
    assert "The features of a ROI" in python("-c", code, cwd=tmp_path).stdout


def test_every_name_is_there_for_python_and_for_type_checkers() -> None:
    assert {name for name in dir(radweave) if getattr(radweave, name) is not None} == {
        *radweave.PLACES,
        "__version__",
        "main",
    }
    for name, module in radweave.PLACES.items():
        assert getattr(radweave, name).__module__ == module
    for file in (ROOT / "radweave.py", ROOT / "radweave-stubs" / "__init__.pyi"):
        nodes = ast.walk(ast.parse(file.read_text("utf-8")))
        imported = [node for node in nodes if isinstance(node, ast.ImportFrom) and node.module and "." in node.module]
        told = {alias.name: node.module for node in imported for alias in node.names if alias.asname == alias.name}
        assert told == radweave.PLACES
    with pytest.raises(AttributeError, match="module 'radweave' has no attribute 'extrac'"):
        radweave.extrac  # type: ignore[attr-defined]  # noqa: B018


def test_nothing_of_the_packages_goes_through_the_door() -> None:
    files = (path for name in radweave.PACKAGES for path in (ROOT / name).rglob("*.py"))
    assert [
        path for path in files if re.search(r"^\s*(import|from) radweave\b", path.read_text("utf-8"), re.MULTILINE)
    ] == []


def test_it_stays_thin() -> None:
    assert len((ROOT / "radweave.py").read_text("utf-8").splitlines()) < 120


@pytest.mark.parametrize("name", radweave.PACKAGES)
@pytest.mark.parametrize("kind", ["folder", "file"])
def test_a_folder_or_file_of_the_user_s_that_hides_a_package_is_named(tmp_path: Path, name: str, kind: str) -> None:
    mine = tmp_path / name if kind == "folder" else tmp_path / f"{name}.py"
    if kind == "folder":
        mine.mkdir()
        (mine / "__init__.py").touch()
    else:
        mine.touch()
    (tmp_path / "script.py").write_text("import radweave\n")
    said = python("script.py", cwd=tmp_path, code=1).stderr.splitlines()[-1]
    assert said.startswith(
        f"ImportError: {mine} hides radweave's own package {name}, because it comes first on Python's path"
    )
    assert f"Rename {mine.name}; or start the script or notebook from another folder, or by `python -P`" in said
    python("-P", "script.py", cwd=tmp_path)  # the way out that the message tells
    assert (
        python("-c", f"import {name}, radweave", cwd=tmp_path, code=1).stderr.count(f"{name}, because it was imported")
        == 1
    )


def test_a_package_of_another_make_that_was_imported_before_is_named(tmp_path: Path) -> None:
    code = "import sys, types; sys.modules['tasks'] = types.ModuleType('tasks'); import radweave"
    assert (
        "tasks hides radweave's own package tasks, because it was imported before"
        in python("-c", code, cwd=tmp_path, code=1).stderr
    )


def test_a_folder_that_is_no_package_hides_nothing(tmp_path: Path) -> None:
    for name in radweave.PACKAGES:
        (tmp_path / name).mkdir()
        (tmp_path / name / "notes.txt").touch()
    (tmp_path / "script.py").write_text("import radweave; print(radweave.RadweaveError.__module__)\n")
    assert python("script.py", cwd=tmp_path).stdout == "features.core.errors\n"


def test_the_command_says_in_a_sentence_what_hides_a_package(tmp_path: Path) -> None:
    (tmp_path / "flows").mkdir()
    (tmp_path / "flows" / "__init__.py").touch()
    (tmp_path / "bin").mkdir()
    script = tmp_path / "bin" / "radweave"  # as pip writes it
    script.write_text("import sys\nfrom radweave import main\nif __name__ == '__main__':\n    sys.exit(main())\n")
    assert python(str(script), "--version", cwd=tmp_path).stdout.startswith(
        "radweave "
    )  # the folder is not on the path
    for path in (f":{ROOT}", f".:{ROOT}"):  # an empty part of PYTHONPATH is the current folder
        found = python(str(script), "--version", cwd=tmp_path, path=path, code=2)
        assert found.stderr.startswith(f"radweave: {tmp_path / 'flows'} hides radweave's own package flows")
        assert "Traceback" not in found.stderr
    assert "hides" in python("-m", "radweave", "--version", cwd=tmp_path, code=2).stderr


def test_a_package_that_is_not_there_is_told(tmp_path: Path) -> None:
    assert "its package features is not beside" in radweave.hidden_package(tmp_path)
