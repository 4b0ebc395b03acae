"""Whether the centre can be told from the features."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from tasks.modelling.evaluation.centre_told import CentreTold
from tasks.reports.study_report import render_report
from tests.support.page import Page


def test_sets_of_blocks_are_told_before_and_after_harmonising(binary: Any) -> None:
    told = (
        CentreTold("clinical", "", "before", 0.52, 0.49, 180, 8, 3),
        CentreTold("radiomics", "", "before", 0.91, 0.5, 180, 8, 3),
        CentreTold("radiomics", "svm", "after", 0.55, 0.42, 180, 8, 3),
        CentreTold("clinical", "svm", "after", None, None, 0, 0, 0, "a centre has one case"),
    )
    report = render_report(binary.study, replace(binary.result, centre_told=told), binary.facts)
    page = Page(report.html)
    assert (
        "From radiomics the centre is told with an AUC of 0.91 (by chance 0.50), the most of 2 sets of blocks; harmonised by "
        "SVM with an AUC of 0.55 (by chance 0.42)." in page.text
    )
    assert page.tables["table-centre-told"].rows[1:] == [
        ["clinical", "as they come", "0.52", "0.49", "0.03", "3", "180"],
        ["radiomics", "as they come", "0.91", "0.50", "0.41", "3", "180"],
        ["radiomics", "harmonised by SVM", "0.55", "0.42", "0.13", "3", "180"],
        ["clinical", "harmonised by SVMa centre has one case", "—", "—", "—", "0", "0"],
    ]
    assert [plot.id for plot in report.figures["centre_told"]] == ["figure-centre-told"]


def test_a_study_of_several_centres_says_it_and_one_of_a_single_centre_does_not(binary: Any, external: Any) -> None:
    assert "figure-centre-told" in Page(binary.html).ids
    assert "centre_told" not in Page(external.html).ids


def test_where_nothing_could_be_said_the_reason_stands(binary: Any) -> None:
    told = (CentreTold("radiomics", "", "before", None, None, 0, 0, 0, "a centre has one case"),)
    page = Page(render_report(binary.study, replace(binary.result, centre_told=told), binary.facts).html)
    assert "That could not be said; the table has the reasons." in page.text
    assert page.tables["table-centre-told"].rows[1][1] == "as they comea centre has one case"
    assert "figure-centre-told" not in page.ids


def test_features_that_tell_nothing_are_said_to_tell_nothing(binary: Any) -> None:
    told = (CentreTold("radiomics", "", "before", 0.53, 0.54, 180, 8, 3),)
    page = Page(render_report(binary.study, replace(binary.result, centre_told=told), binary.facts).html)
    assert (
        "No set of blocks tells the centre: the best of them, radiomics, gives an AUC of 0.53 (by chance 0.54)."
        in page.text
    )
