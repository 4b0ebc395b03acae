"""The benchmark of comparisons counts claims, by the tests that studies use."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.comparisons import Row, main, measure


def test_the_table_has_a_row_for_each_test_of_a_study(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.argv", ["comparisons.py", "--repeats", "4", "--only", "r2, n = 20"])
    assert main() in (0, 1)
    (row,) = [line for line in capsys.readouterr().out.splitlines() if line.startswith("| fixed")]
    assert row.startswith("| fixed models, r2, n = 20 | permutation | 0.")


def test_claims_of_a_known_test_are_its_level() -> None:
    row = Row("known", lambda rng: {"even": float(rng.random()), "none": None}, "even")
    found = measure(row, 2000)
    assert found == {"even": pytest.approx(0.05, abs=0.02)}
    assert np.isfinite(found["even"])
