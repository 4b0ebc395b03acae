"""The benchmark of ready-made tables runs, and pandas and radweave write the same values."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.mark.slow
def test_reading_is_compared_by_costs_and_by_values() -> None:
    command = [sys.executable, ROOT / "benchmarks" / "tables.py", "read", "--patients", "40", "--columns", "20"]
    environment = {"PYTHONPATH": str(ROOT)}
    found = subprocess.run(list(map(str, command)), env=environment, capture_output=True, text=True, check=False)
    assert found.returncode == 1, found.stderr  # the start costs more than such a table
    assert "values equal: yes" in found.stdout
    rows = [line.split(" | ")[0] for line in found.stdout.splitlines() if line.startswith("| ") and "way" not in line]
    assert [row.split(":")[0] for row in rows] == ["| radweave", "| pandas", "| pandas"]
