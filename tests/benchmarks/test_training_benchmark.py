"""The benchmark of training prints a row for each way, and counts what a kill costs."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.mark.slow
def test_epochs_are_measured_beside_the_bare_step_and_a_plain_loop() -> None:
    pytest.importorskip("monai")
    command = [sys.executable, str(ROOT / "benchmarks" / "training.py"), "--cases", "3", "--turns", "1"]
    command += ["--threads", "1", "--shape", "40", "64", "64"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    found = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert found.returncode in (0, 1), found.stderr  # a cohort so small promises nothing
    rows = [line.split(" | ") for line in found.stdout.splitlines() if line.startswith("| ")][1:]
    assert [row[0] for row in rows] == ["| bare", "| held", "| read", "| plain"]
    assert all(float(row[1]) > 0 for row in rows)
    again = next(line for line in found.stdout.splitlines() if line.startswith("killed after epoch 2 of 5: "))
    assert int(again.split()[6]) <= 1
