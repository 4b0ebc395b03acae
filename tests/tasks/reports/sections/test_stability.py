"""Stability beside worth on the page, or how it is measured."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from features.fusion.sources import Source
from tasks.modelling.evaluation.result import Worth
from tasks.reports.report_page import Report
from tasks.reports.study_report import render_report
from tests.support.page import Page

SOURCES = [
    Source(
        "radweave__ct_lung__* glcm",
        "radiomics",
        "radweave",
        "glcm",
        "ct_lung",
        "CT",
        ("a", "b", "c"),
        "builtin",
        98,
        8,
        0.91,
        2,
    ),
    Source("lite0__ct_lung__*", "deep", "lite0", "", "ct_lung", "CT", ("d", "e"), "builtin", 97, 8, 0.48, 0),
    Source("lite1__ct_lung__*", "deep", "lite1", "", "ct_lung", "CT", ("f",), mark="RANDOM WEIGHTS"),
]


def reported(binary: Any, *sources: Source, **study: Any) -> Report:
    score = next(s for s in binary.result.scores if s.within and s.value is not None and s.low is not None)
    failed = replace(score, value=None, low=None, high=None, reason="nothing varies")
    scores = [failed if one.extractor == "lite1" else replace(score, value=0.7, low=0.6, high=0.8) for one in sources]
    worth = tuple(Worth(*pair) for pair in zip(sources, scores, strict=True))
    asked = binary.study.model_copy(update={"recipes": ("ct_lung",), **study})
    return render_report(asked, replace(binary.result, worth=worth), binary.facts)


def test_networks_and_families_have_a_row_with_stability_and_score(binary: Any) -> None:
    report = reported(binary, *SOURCES)
    page = Page(report.html)
    head, *rows = page.tables["table-stability"].rows
    assert head == ["No.", "Source of columns", "Columns", "Median ICC", "ICC of 0.75 and more", "AUC alone"]
    assert rows == [
        ["1", "lite0, ct_lung, CTlite0__ct_lung__*", "2", "0.48", "0 %", "0.70 0.60–0.80"],
        ["2", "lite1, RANDOM WEIGHTS, ct_lung, CTlite1__ct_lung__*", "1", "—", "—", "—"],
        ["3", "radweave glcm, ct_lung, CTradweave__ct_lung__* glcm", "3", "0.91", "67 %", "0.70 0.60–0.80"],
    ]
    assert "Perturbed regions of builtin: 98 regions, each measured 8 times." in page.text
    assert "Not measured, or with other settings: lite1, RANDOM WEIGHTS, ct_lung, CT." in page.text
    assert "Of 2: no score: nothing varies." in page.text
    [plot] = report.figures["stability"]
    assert plot.id == "figure-stability"
    assert ">1<" in plot.svg
    assert ">3<" in plot.svg
    assert ">2<" not in plot.svg


def test_why_there_is_no_interval_is_said_once_below_the_table(binary: Any) -> None:
    score = next(s for s in binary.result.scores if s.within and s.value is not None)
    score = replace(score, value=0.7, low=None, high=None, reason="all pairs hold one patient")
    worth = tuple(Worth(source, score) for source in SOURCES)
    asked = binary.study.model_copy(update={"recipes": ("ct_lung",)})
    page = Page(render_report(asked, replace(binary.result, worth=worth), binary.facts).html)
    assert [row[-1] for row in page.tables["table-stability"].rows[1:]] == ["0.70"] * 3
    assert page.text.count("Of 1, 2, 3: no interval: all pairs hold one patient.") == 1


def test_where_nothing_was_measured_the_page_says_how(binary: Any) -> None:
    report = reported(binary)
    page = Page(report.html)
    said = "How stable the features are has not been measured on the cohorts of this study, or not with these settings."
    assert said in page.text
    assert "radweave stability builtin --recipe ct_lung" in page.text
    assert "stability" not in report.figures


@pytest.mark.parametrize("study", [{"recipes": ()}, {"blocks": {"clinical": ("clinical",)}}])
def test_a_study_without_features_of_images_has_no_such_section(binary: Any, study: Any) -> None:
    assert "stability" not in {*Page(reported(binary, **study).html).ids}
