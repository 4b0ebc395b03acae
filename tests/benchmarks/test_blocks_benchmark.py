"""The benchmark of blocks runs, and prints a row for each way of fusion."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tasks.modelling.fusion.fusion import FUSIONS

ROOT = Path(__file__).parents[2]


@pytest.mark.slow
def test_all_blocks_are_compared_with_the_best_of_them() -> None:
    command = [
        sys.executable,
        str(ROOT / "benchmarks" / "blocks.py"),
        "--draws",
        "2",
        "--world",
        "followed",
        "--models",
        "cox",
    ]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    found = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert found.returncode in (0, 1), found.stderr  # two tables promise nothing
    rows = [line.split(" | ")[1] for line in found.stdout.splitlines() if line.startswith("| cox")]
    assert rows == list(FUSIONS.modules)
    assert f"{FUSIONS.default} keeps what is promised: " in found.stdout
