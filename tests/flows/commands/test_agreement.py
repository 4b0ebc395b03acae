"""`radweave agreement`, as users call it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pandas as pd


def test_one_rater_agrees_with_nobody(command: Callable, tmp_path: Path) -> None:
    table = tmp_path / "readers.csv"
    table.write_text("patient,reader,volume\np1,A,10\np2,A,3\n")
    asked = ("--target", "patient", "--rater", "reader", "--output", tmp_path / "scores.csv")
    assert 'the column "reader" names one rater' in command("agreement", table, *asked, code=3).stderr


def test_agreement_of_readers(command: Callable, tmp_path: Path) -> None:
    """Shrout & Fleiss 1979, table 2."""
    scores = [[9, 2, 5, 8], [6, 1, 3, 2], [8, 4, 6, 8], [7, 1, 2, 6], [10, 5, 6, 9], [6, 2, 4, 7]]
    rows = [{"patient": i, "reader": j, "Mean": x} for i, line in enumerate(scores) for j, x in enumerate(line)]
    table, out = tmp_path / "readers.csv", tmp_path / "scores.csv"
    pd.DataFrame(rows).to_csv(table, index=False)
    said = command("agreement", table, "--target", "patient", "--rater", "reader", "--out", out)
    assert "Stability, 6 regions × 4 measurements" in said.stdout
    found = pd.read_csv(out).set_index("feature").loc["Mean"]
    assert (round(found["icc_2_1"], 2), round(found["icc_3_1"], 2), found["n"], found["k"]) == (0.29, 0.71, 6, 4)
    wrong = command("agreement", table, "--target", "patients", "--rater", "reader", "--out", out, code=3)
    assert 'there is no column "patients". Did you mean "patient"?' in wrong.stderr
