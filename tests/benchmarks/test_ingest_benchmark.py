"""The benchmark of ingestion runs at a tiny size, and finds the values of all sides equal."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("part", "size", "least", "says"),
    [
        ("read", ["--slices", "6", "--matrix", "32"], 3, "Values and geometry equal"),
        ("index", ["--files", "20", "--small", "16"], 3, "1 series on both sides"),
        ("contours", ["--slices", "6", "--matrix", "32", "--points", "40"], 1, "6 contours of 40 points on 6 slices"),
    ],
)
def test_a_part_prints_its_table_after_comparing_the_values(part: str, size: list[str], least: int, says: str) -> None:
    command = [sys.executable, str(ROOT / "benchmarks" / "ingest.py"), part, "--repeats", "1", *size]
    found = subprocess.run(command, capture_output=True, text=True, check=False)
    assert found.returncode == 0, found.stderr
    assert says in found.stdout
    rows = [line.split(" | ") for line in found.stdout.splitlines() if line.startswith("| ")][1:]
    assert len(rows) >= least and rows[0][0].startswith("| radweave")
    if part == "contours":
        assert all(float(row[-1].rstrip(" |")) > 0.8 for row in rows)
