"""The benchmarks of simulated cohorts run, and print the oracle, the baseline, all features and the null of every endpoint."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from features.simulate.kinds.immuno import Immuno

ROOT = Path(__file__).parents[2]


def rows_of(benchmark: str, *words: str) -> set[tuple[str, ...]]:
    """Endpoint and predictors of each row that a benchmark prints for one seed."""
    command = [sys.executable, str(ROOT / "benchmarks" / benchmark), *words, "--seeds", "1"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    found = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert found.returncode == 0, found.stderr
    return {tuple(re.split(r"\s{2,}", line)[:2]) for line in found.stdout.splitlines()}


@pytest.mark.slow
def test_every_endpoint_has_a_row_for_each_set_of_columns() -> None:
    sets = ("oracle", "first order and volume", "all features", "ct_ring", "ct_tumour", "null, all features")
    rows = rows_of("simulated.py", "immuno", "--patients-per-centre", "10")
    assert {(one.endpoint, what) for one in Immuno.outcomes for what in sets} <= rows


@pytest.mark.slow
def test_the_built_in_cohort_has_a_row_for_networks_beside_what_they_could_tell() -> None:
    sets = ("oracle", "rim alone", "first order and volume", "radiomics", "first order around", "deep", "null, deep")
    rows = rows_of("simulated_lung.py", "--patients-per-centre", "8")
    assert {(endpoint, what) for endpoint in ("response", "os") for what in sets} <= rows
