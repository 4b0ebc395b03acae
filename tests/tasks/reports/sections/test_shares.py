"""What each block contributed."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from tasks.modelling.evaluation.result import Share
from tasks.reports.study_report import render_report
from tests.support.page import Page


def test_sets_of_several_blocks_have_a_bar_and_a_row_for_each_block(binary: Any) -> None:
    shares = tuple(
        Share(split, "clinical_radiomics", model, block, share, chosen, 8)
        for split in ("nested", "centre_out")
        for model in ("lasso_logistic", "svm")
        for block, share, chosen in (("clinical", 0.304, 1.25), ("radiomics", 0.696, 4.0))
    )
    report = render_report(binary.study, replace(binary.result, shares=shares), binary.facts)
    page = Page(report.html)
    assert page.tables["table-shares"].rows[1:] == [
        ["clinical + radiomics, LASSO logistic", "clinical", "30 %", "1.2"],
        ["", "radiomics", "70 %", "4.0"],
        ["clinical + radiomics, SVM", "clinical", "30 %", "1.2"],
        ["", "radiomics", "70 %", "4.0"],
    ]
    [svg] = [plot.svg for plot in report.figures["shares"]]
    assert svg.count(">30 %<") == svg.count(">70 %<") == 2
    assert "means over the folds of nested cross-validation" in page.text


def test_without_sets_of_several_blocks_there_is_no_such_section(external: Any) -> None:
    assert external.result.shares == ()
    assert not {"shares", "figure-shares"} & {*Page(external.html).ids}
