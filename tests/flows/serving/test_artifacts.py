"""What a run shows: counts that add up, scores as they are read, nothing outside a run."""

import base64
import re

import pandas as pd
import pytest

from features.core.storage.store import Store
from features.results.manifest import Mart
from flows.serving.artifacts import Board, _forests, feature_summary, scan_flow, score_rows


def row(centre: str, case: str, stage: str, code: str, modality: str = "CT") -> dict[str, str]:
    return {"centre": centre, "case": case, "modality": modality, "stage": stage, "code": code}


def test_scans_in_are_used_or_quarantined_in_every_centre() -> None:
    rows = [
        row("A", "c:1", "quality", "MASK_EMPTY"),
        row("A", "c:1", "extract", "TOO_MANY_BINS"),  # the same scan: counted once, with its first reason
        row("A", "c:unknown", "index", "DICOM_TRUNC"),
        row("A", "c:unknown", "index", "DICOM_TRUNC"),  # another scan: those of the index have no scan
        row("B", "c:2", "tables", "TAB_TIME"),  # a patient's row, no scan
    ]
    found = scan_flow({"A": 4, "B": 3}, rows)
    assert found == [
        {"centre": "A", "scans in": 6, "used": 3, "quarantined": 3, "reasons": "DICOM_TRUNC 2, MASK_EMPTY 1"},
        {"centre": "B", "scans in": 3, "used": 3, "quarantined": 0, "reasons": "–"},
        {"centre": "all", "scans in": 9, "used": 6, "quarantined": 3, "reasons": "DICOM_TRUNC 2, MASK_EMPTY 1"},
    ]


def test_scores_are_shown_with_interval_n_and_events_or_a_dash() -> None:
    common = {"split": "nested", "blocks": "clinical", "metric": "auc", "n": 24, "events": 9, "cohort": ""}
    west = {"split": "external", "cohort": "west", "value": 0.6, "low": 0.5, "high": 0.7, "n": 12}
    frame = pd.DataFrame(
        [
            {**common, "model": "svm", "centre": "", "value": 0.71234, "low": 0.6, "high": 0.8},
            {**common, "model": "svm", "centre": "A", "value": 0.9, "low": 0.8, "high": 1.0},
            {**common, "model": "forest", "centre": "", "value": None, "low": None, "high": None},
            {**common, **west, "model": "svm", "centre": "", "events": None},
        ]
    )
    assert [(one["model"], one["value"], one["95 % interval"], one["n"]) for one in score_rows(frame)] == [
        ("svm", "0.712", "0.600 – 0.800", 24),
        ("forest", "–", "–", 24),
        ("svm", "0.600", "0.500 – 0.700", 12),
    ]
    assert [one["cohort"] for one in score_rows(frame)] == ["all that train", "all that train", "west"]
    assert [one["events"] for one in score_rows(frame)] == [9, 9, "–"]


def test_outside_a_run_nothing_is_shown(tmp_path) -> None:
    board = Board()
    board.progress("fit", 1, 2)
    board.studied("a", "A study", tmp_path, tmp_path)  # no file is opened


@pytest.mark.slow
def test_the_summary_of_features_counts_what_the_mart_holds(demo) -> None:
    found = {one["block"]: one for one in feature_summary(Mart.open(Store(demo.store)), "builtin")}
    assert {"clinical", "genomic", "radiomics", "deep", "region"} <= set(found)
    assert found["clinical"]["rows"] == 24
    assert found["radiomics"]["predictors"] > 50 and found["radiomics"]["empty cells"].endswith(" %")


@pytest.mark.slow
def test_the_forest_figure_of_a_report_becomes_an_image(demo) -> None:
    report = next((demo.store / "studies").glob("*/*/report.html")).read_text("utf-8")
    [image] = _forests(report)
    found = re.fullmatch(r"!\[Forest plot of auc\]\(data:image/svg\+xml;base64,(.*)\)", image)
    assert found is not None
    svg = base64.b64decode(found[1]).decode()
    assert svg.startswith('<svg font-family="sans-serif"') and svg.endswith("</svg>")
