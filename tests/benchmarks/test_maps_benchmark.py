"""The benchmark of maps runs at a tiny size, and finds the values of both sides equal, also through the command."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("part", "families", "differ"), [("speed", ["ngtdm"], 8), ("command", ["firstorder", "gldm"], 9)]
)
def test_a_part_prints_its_table_after_comparing_the_values(part: str, families: list[str], differ: int) -> None:
    size = ["--voxels", "200", "--radius", "1", "--repeats", "1", "--families", *families]
    command = [sys.executable, str(ROOT / "benchmarks" / "maps.py"), part, *size]
    found = subprocess.run(command, capture_output=True, text=True, check=False)
    assert found.returncode == 0, found.stderr
    row = found.stdout.splitlines()[-1].strip("| ").split(" | ")
    assert row[differ].split(" ")[0] == "0", found.stdout
