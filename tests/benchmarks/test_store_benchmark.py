"""The benchmark of the store runs, and what all formats hold is the same."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.mark.slow
def test_it_prints_every_way_to_read_after_comparing_the_values() -> None:
    pytest.importorskip("h5py", reason='the extra "omics" is not installed')
    command = [sys.executable, ROOT / "benchmarks" / "store.py", "--patients", "40", "--features", "20"]
    environment = {"PYTHONPATH": str(ROOT)}
    found = subprocess.run(list(map(str, command)), env=environment, capture_output=True, text=True, check=False)
    assert found.returncode == 0, found.stderr
    rows = [line.split(" | ")[:2] for line in found.stdout.splitlines() if line.startswith("| ")]
    fused = [how for what, how in rows if what == "| three blocks fused"]
    assert len(fused) == 5 and fused[0].startswith("radweave fuse")
    assert len([how for what, how in rows if what == "| five columns"]) == 7
