"""What a run shows: counts that add up, scores as they are read, nothing outside a run."""

import base64
from xml.etree import ElementTree

import pandas as pd
import pytest

from features.core.errors import DamagedError
from features.core.storage.seal import drawing_bytes
from features.core.storage.store import Store
from features.results.manifest import Mart
from features.results.runs import run_bytes, run_faults
from flows.serving.artifacts import Board, feature_summary, quality_grid, scan_flow, score_figures, score_rows
from tests.tasks.quality.many_images import many_store


def row(centre: str, case: str, stage: str, code: str, image: str = "CT") -> dict[str, str]:
    return {"centre": centre, "case": case, "image": image, "roi": "roi", "stage": stage, "code": code}


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
    common = {
        "split": "nested",
        "blocks": "clinical",
        "metric": "auc",
        "n": 24,
        "events": 9,
        "cohort": "",
        "within": "",
        "interval_of": "one die",
        "reason": "",
    }
    west = {"split": "external", "cohort": "west", "value": 0.6, "low": 0.5, "high": 0.7, "n": 12}
    frame = pd.DataFrame(
        [
            {**common, "model": "svm", "centre": "", "value": 0.71234, "low": 0.6, "high": 0.8},
            {**common, "model": "svm", "centre": "A", "value": 0.9, "low": 0.8, "high": 1.0},
            {
                **common,
                "model": "forest",
                "centre": "",
                "value": None,
                "low": None,
                "high": None,
                "reason": "one class",
            },
            {**common, **west, "model": "svm", "centre": "", "events": None},
        ]
    )
    assert [(one["model"], one["value"], one["95 % interval"], one["n"]) for one in score_rows(frame)] == [
        ("svm", "0.712", "0.600 – 0.800", 24),
        ("forest", "–", "–", 24),
        ("svm", "0.600", "0.500 – 0.700", 12),
    ]
    assert [one["cohort"] for one in score_rows(frame)] == ["all that train", "all that train", "west"]
    why = [one["the interval is of, or why there is none"] for one in score_rows(frame)]
    assert why == ["one die", "one class", "one die"]
    assert [one["events"] for one in score_rows(frame)] == [9, 9, "–"]


def test_outside_a_run_nothing_is_shown(tmp_path) -> None:
    board = Board()
    board.stale({"mine": "cohort toy was refreshed"})
    board.progress("fit", 1, 2)
    board.studied("a", "A study", tmp_path, tmp_path)  # no file is opened


@pytest.mark.slow
def test_the_summary_of_features_counts_what_the_mart_holds(demo) -> None:
    found = {one["block"]: one for one in feature_summary(Mart.open(Store(demo.store)), "builtin")}
    assert {"clinical", "genomic", "radiomics", "deep", "region"} <= set(found)
    assert found["clinical"]["rows"] == 24
    assert found["radiomics"]["predictors"] > 50 and found["radiomics"]["empty cells"].endswith(" %")


@pytest.mark.slow
def test_the_figures_of_scores_that_study_json_names_become_images(demo) -> None:
    run = next((demo.store / "studies").glob("*/*/report.html")).parent
    [image] = score_figures(run)
    title, _, data = image.removesuffix(")").partition("](data:image/svg+xml;base64,")
    assert title == "![AUC of every combination with its 95 % interval"
    svg = base64.b64decode(data)
    assert svg == (run / "figure-forest-auc.svg").read_bytes()
    assert ElementTree.fromstring(svg).attrib["font-family"] == "sans-serif"


def test_a_figure_that_is_damaged_is_a_fault_of_its_run(tmp_path) -> None:
    (tmp_path / "figure-x.svg").write_bytes(drawing_bytes("<svg ><text>0.71</text></svg>"))
    figure = {"section": "scores", "id": "figure-x", "title": "x", "file": "figure-x.svg"}
    (tmp_path / "study.json").write_bytes(run_bytes(tmp_path, {"figures": [figure]}))
    assert run_faults(tmp_path) == []
    assert len(score_figures(tmp_path)) == 1
    for damage in ((tmp_path / "figure-x.svg").read_bytes().replace(b"0.71", b"0.91"), None):
        (tmp_path / "figure-x.svg").write_bytes(damage) if damage else (tmp_path / "figure-x.svg").unlink()
        [fault] = run_faults(tmp_path)
        assert "figure-x.svg" in fault and "damaged" in fault
        with pytest.raises(DamagedError, match=r"figure-x\.svg"):
            score_figures(tmp_path)


def test_the_grid_shows_the_images_of_a_visit_side_by_side(tmp_path) -> None:
    grid = quality_grid(Mart.open(many_store(tmp_path / "store", 3)), "trial", "the way")
    rows = [line for line in grid.splitlines() if line.startswith("| ") and "png;base64" in line]
    assert [row.count("png;base64") for row in rows] == [5, 4, 5]
    assert "no picture" in rows[1]
    assert "14 of 14 images. the way" in grid
    assert "t1c p0002:baseline **MASK_TINY: oedema**" in grid
