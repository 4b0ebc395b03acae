"""The benchmark of simulated cohorts runs, and prints the oracle, the baseline, all features and the null of every endpoint."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from features.simulate.kinds.immuno import Immuno

ROOT = Path(__file__).parents[2]


@pytest.mark.slow
def test_every_endpoint_has_a_row_for_each_set_of_columns() -> None:
    command = [sys.executable, str(ROOT / "benchmarks" / "simulated.py"), "immuno"]
    few = ["--seeds", "1", "--patients-per-centre", "10"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    found = subprocess.run([*command, *few], env=environment, capture_output=True, text=True, check=False)
    assert found.returncode == 0, found.stderr
    rows = [tuple(re.split(r"\s{2,}", line)[:2]) for line in found.stdout.splitlines()]
    sets = ("oracle", "first order and volume", "all features", "ct_ring", "ct_tumour", "null, all features")
    assert {(one.endpoint, what) for one in Immuno.outcomes for what in sets} <= set(rows)
