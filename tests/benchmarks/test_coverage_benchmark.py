"""The benchmark of intervals measures what it says, with the intervals that studies print."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.coverage import Cell, cells, main, measure
from tasks.modelling.intervals.estimate import Estimate


def test_the_table_has_the_eight_promised_cells(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.argv", ["coverage.py", "--repeats", "12", "--only", "4 centres"])
    assert main() in (0, 1)
    rows = [line.split(" | ") for line in capsys.readouterr().out.splitlines() if line.startswith("| ")][1:]
    assert [row[0] for row in rows] == ["| mean of new centres, 4 centres", "| a new centre, 4 centres"]
    assert rows[0][-1] == "not printed |"
    assert len([*cells(more=False)]) == 8


@pytest.mark.slow
def test_all_metrics_of_an_endpoint_are_judged_on_the_same_data_sets(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for only in ("nested, continuous, n = 120, effect 0.5", "bootstrap .632+, continuous, n = 60, effect 0.5"):
        monkeypatch.setattr("sys.argv", ["coverage.py", "--metrics", "--repeats", "3", "--only", only])
        assert main() in (0, 1)
        rows = [line.split(" | ") for line in capsys.readouterr().out.splitlines() if line.startswith(f"| {only}")]
        named = [row[0].split(": ")[1] for row in rows]
        assert named[:3] == ["r2", "rank_c", "mae"]
        assert all(0 < float(row[4]) < 5 for row in rows if row[0].endswith("mae"))
        assert ("calibration_slope" in named) == only.startswith("nested")


def test_coverage_and_width_are_those_of_a_known_case() -> None:
    """A normal score with its own standard error as the interval: 95 % of the intervals hold the truth, at the oracle's width."""

    def study(rng: np.random.Generator) -> tuple[Estimate, float]:
        value = float(rng.normal(0.7, 0.05))
        return Estimate(value, value - 1.96 * 0.05, value + 1.96 * 0.05), 0.7

    row = measure(Cell("known", study), 2000)
    assert (row.covers, row.width) == (pytest.approx(0.95, abs=0.02), pytest.approx(1.0, abs=0.04))
    assert row.held
    assert not measure(Cell("wide", lambda rng: (Estimate(float(rng.normal()), -9.0, 9.0), 0.0)), 500).held


@pytest.mark.parametrize(
    "name", ["nested, n = 60, AUC 0.5", "fixed model, n = 40, AUC 0.75", "nested, n = 120, Harrell's C"]
)
def test_a_promised_cell_has_intervals_of_about_the_oracle_s_width(name: str) -> None:
    row = measure(next(cell for cell in cells(more=False) if cell.name == name), 20)
    assert row.without == 0
    assert 0.6 < row.width < 1.6
    assert row.covers > 0.7
