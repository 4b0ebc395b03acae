"""What a study prints: the scores of its endpoint's first metric, its headline, and where the report is."""

from pathlib import Path

import pyarrow as pa
import pytest

from features.core.storage.seal import json_bytes
from features.core.storage.table import write_table
from flows.screen import Screen


def test_a_study_prints_its_first_metric_and_its_headline(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    row = {
        "split": "nested",
        "blocks": "features",
        "model": "lasso",
        "centre": "",
        "cohort": "",
        "within": "",
        "low": 0.4,
        "high": 0.6,
        "interval_of": "one die",
    }
    scores = [{**row, "metric": "r2", "value": 0.5}, {**row, "metric": "rank_c", "value": 0.7}]
    write_table(
        tmp_path / "scores.parquet", pa.Table.from_pylist([{**one, "n": 40, "events": None} for one in scores]), {}
    )
    facts = {"study": {"title": "", "name": "amount"}, "headline": "Best of 1 combination: R² 0.50."}
    (tmp_path / "study.json").write_bytes(json_bytes(facts))
    with Screen() as screen:
        screen.show_studies([tmp_path])
    printed = capsys.readouterr().out
    assert "amount: R² with 95 % interval" in printed and "0.50" in printed and "0.70" not in printed
    assert "nested: each interval is of one die" in printed
    assert "n = 40" in printed and "events" not in printed
    assert printed.splitlines()[-2:] == ["Best of 1 combination: R² 0.50.", f"Report: {tmp_path / 'report.html'}"]


def test_many_candidates_stand_below_each_other_with_whole_intervals(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    row = {"centre": "", "cohort": "", "within": "", "metric": "auc", "value": 0.7}
    row |= {"low": 0.51, "high": 0.83, "interval_of": "one model"}
    names = [f"lasso_{i}" for i in range(6)]
    scores = [
        {**row, "split": split, "blocks": "radiomics_genomic", "model": name, "n": 40, "events": 20}
        for split in ("nested", "centre_out")
        for name in names
    ]
    write_table(tmp_path / "scores.parquet", pa.Table.from_pylist(scores), {})
    facts = {"study": {"title": "", "name": "many"}, "headline": "Best of 6 combinations."}
    (tmp_path / "study.json").write_bytes(json_bytes(facts))
    with Screen() as screen:
        screen.show_studies([tmp_path])
    lines = capsys.readouterr().out.splitlines()
    assert sum("0.70 (0.51–0.83)" in line for line in lines) == 12
    assert all(sum(name in line for line in lines) == 2 for name in names)
    assert sum("radiomics_genomic" in line for line in lines) == 2


def test_a_candidate_without_a_score_says_why(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    row = {
        "split": "nested",
        "blocks": "features",
        "centre": "",
        "cohort": "",
        "within": "",
        "metric": "auc",
        "n": 40,
        "events": 20,
    }
    row |= {"low": None, "high": None, "interval_of": ""}
    why = "5 of 5 folds could not be fitted; fold 1: Cox regression: 30 features for 27 events; allowed: at most 2"
    scores = [
        {**row, "model": "cox", "value": None, "reason": why},
        {**row, "model": "coxnet", "value": 0.6, "reason": ""},
    ]
    write_table(tmp_path / "scores.parquet", pa.Table.from_pylist(scores), {})
    (tmp_path / "study.json").write_bytes(json_bytes({"study": {"title": "", "name": "followed"}}))
    with Screen() as screen:
        screen.show_studies([tmp_path])
    assert f"No score, nested, cox: {why}." in " ".join(capsys.readouterr().out.split())
