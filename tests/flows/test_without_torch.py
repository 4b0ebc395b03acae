"""Without torch all works that needs no deep features; what needs them says how it is installed."""

import os
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow
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


def test_a_refresh_with_deep_features_says_how_torch_is_installed(demo, radweave, tmp_path: Path) -> None:
    (tmp_path / "sitecustomize.py").write_text(ABSENT)
    path = f"{ROOT}{os.pathsep}{tmp_path}"
    places = ("--catalog", demo.catalog, "--store", demo.copy(tmp_path))
    found = radweave("refresh", "--all", *places, code=7, PYTHONPATH=path)
    assert "deep features need the package torch, which is not installed: pip install" in found.stderr
    assert "Traceback" not in found.stderr
    assert "1 cohort" in radweave("check", *places[:2], PYTHONPATH=path).stdout
    assert "builtin_response" in radweave("status", *places, PYTHONPATH=path).stdout
    found = radweave("study", "builtin_response", *places, PYTHONPATH=path)  # of deep features that are kept
    assert "Report:" in found.stdout and "Traceback" not in found.stderr


def test_a_torch_that_cannot_be_loaded_is_said_too(demo, radweave, tmp_path: Path) -> None:
    (tmp_path / "torch.py").write_text(BROKEN)
    options = ("--all", "--catalog", demo.catalog, "--store", tmp_path / "store", "--workers", 1)
    found = radweave("refresh", *options, code=7, PYTHONPATH=f"{ROOT}{os.pathsep}{tmp_path}")
    assert "torch, which cannot be loaded (libtorch.so: cannot open shared object file): pip install" in found.stderr
    assert "Traceback" not in found.stderr
