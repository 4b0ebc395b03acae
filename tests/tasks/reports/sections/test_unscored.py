"""What could not be scored stands above the contents, with its reason."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from tasks.reports.section import Findings, draw_section
from tasks.reports.sections.unscored import Lacking, Unscored, unscored
from tasks.reports.study_report import render_report
from tasks.reports.winner import find_winner
from tests.support.page import Page

REASON = "1 of 8 folds could not be fitted; fold 2: svm: not at its optimum"


def test_combinations_without_a_score_stand_near_the_top(binary: Any) -> None:
    def lacks(score: Any) -> bool:
        return bool(score.model == "svm" and score.split == "nested" and score.blocks == "radiomics")

    def refused(score: Any) -> bool:
        return bool(score.split == "centre_out")

    scores = tuple(
        replace(s, value=None, low=None, high=None, reason=REASON if lacks(s) else "one centre: A")
        if lacks(s) or refused(s)
        else s
        for s in binary.result.scores
    )
    result = replace(binary.result, scores=scores)
    found = Findings(binary.study, result, binary.facts, find_winner(binary.study, result))
    combinations = len(result.blocks) * len(binary.study.models)
    assert unscored(found) == (
        Lacking("nested cross-validation", "Radiomics with SVM", 1, REASON),
        Lacking("leave-one-centre-out", "All combinations", combinations, "one centre: A"),
    )
    html = render_report(binary.study, result, binary.facts).html
    assert html.index('id="unscored"') < html.index("<nav")
    text = Page(html).text
    assert "Not everything could be scored:" in text
    assert f"Radiomics with SVM, nested cross-validation: {REASON}." in text


def test_many_of_one_reason_are_counted_and_none_leaves_no_trace(binary: Any) -> None:
    found = Findings(binary.study, binary.result, binary.facts, find_winner(binary.study, binary.result))
    assert draw_section(Unscored(), found) is None
    others = tuple(
        replace(s, value=None, reason="too few") if s.split == "nested" and s.blocks != "volume" else s
        for s in binary.result.scores
    )
    result = replace(binary.result, scores=others)
    (row,) = unscored(Findings(binary.study, result, binary.facts, find_winner(binary.study, result)))
    assert (row.count, row.which.endswith("radiomics with SVM and 2 more")) == (6, True)
