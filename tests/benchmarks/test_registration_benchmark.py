"""The benchmark of registration prints the target error of a kind of pair, within a voxel of its images."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.mark.slow
def test_a_kind_of_pair_has_its_row() -> None:
    command = [sys.executable, str(ROOT / "benchmarks" / "registration.py"), "phantoms", "--pairs", "1", "--cases", "1"]
    found = subprocess.run(command, capture_output=True, text=True, check=False)
    assert found.returncode == 0, found.stderr
    name, spacing, pairs, before, mean, most, failed, _ = found.stdout.splitlines()[-1].strip("| ").split(" | ")
    assert (name, pairs, failed) == ("FLAIR to T1c", "1", "0")
    assert float(mean) <= float(most) < float(spacing) < float(before)
