"""The benchmark of steps runs, over every step that there is."""

import subprocess
import sys
from pathlib import Path

import pytest

from tasks.modelling.preprocessing.step import STEPS

ROOT = Path(__file__).parents[2]


@pytest.mark.slow
def test_every_step_has_its_cost_and_some_that_of_a_library() -> None:
    command = [sys.executable, str(ROOT / "benchmarks" / "steps.py"), "--rows", "40", "--columns", "70"]
    found = subprocess.run(command, env={"PYTHONPATH": str(ROOT)}, capture_output=True, text=True, check=False)
    assert found.returncode == 0, found.stderr
    rows = [line.strip("| ").split("|") for line in found.stdout.splitlines() if line.startswith("| ")][1:]
    assert [row[0].strip() for row in rows] == list(STEPS.modules)
    assert sum(len(row) > 2 and bool(row[2].strip()) for row in rows) == 11
