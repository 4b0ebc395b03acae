"""The benchmark of the first commands counts the memory of all processes of a step, and files with two names once."""

import importlib.util
import os
import sys
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parents[2]
# A child holds 64 MiB for a while, which the command itself does not.
HOLDS = "import time; x = b'1' * (64 << 20); time.sleep(1.2)"
COMMAND = [
    sys.executable,
    "-S",
    "-c",
    f"import subprocess, sys; subprocess.run([sys.executable, '-S', '-c', {HOLDS!r}])",
]


@pytest.fixture(scope="module")
def first_run() -> ModuleType:
    spec = importlib.util.spec_from_file_location("first_run", ROOT / "benchmarks" / "first_run.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc")
def test_memory_is_that_of_all_processes(first_run: ModuleType, tmp_path: Path) -> None:
    cost = first_run.measure(COMMAND, tmp_path)
    assert cost.code == 0
    assert 64 < cost.peak_mib < 200
    assert cost.wall_s > 1.0 and cost.cpu_s > 0


def test_a_file_with_two_names_takes_its_place_once(first_run: ModuleType, tmp_path: Path) -> None:
    (tmp_path / "one").write_bytes(bytes(range(256)) * 8192)
    os.link(tmp_path / "one", tmp_path / "two")
    assert 1.9 < first_run.disk_mib(tmp_path) < 3


def test_every_step_is_a_target_of_make(first_run: ModuleType) -> None:
    text = (ROOT / "Makefile").read_text().replace("$(VENV)", ".venv")
    names = dict(line.split(" := ") for line in text.splitlines() if " := .venv/" in line)
    known = {
        names.get(name.strip("$()"), name) for line in text.splitlines() if ":" in line for name in [line.split(":")[0]]
    }
    assert {target for target, _ in first_run.STEPS.values()} <= known
