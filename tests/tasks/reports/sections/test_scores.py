"""Tables of scores."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from tasks.reports.number_format import decimal
from tasks.reports.sections.scores import score_tables
from tasks.reports.study_report import render_report
from tasks.reports.winner import find_winner
from tests.support.page import Page


def test_nested_stands_first_then_centre_out_then_each_centre(binary: Any, survival: Any) -> None:
    assert _ids(binary) == ["table-scores-nested", "table-scores-centre_out", "table-scores-centre-auc"]
    assert _ids(survival)[2:] == ["table-scores-centre-harrell_c", "table-scores-centre-uno_c"]


def test_every_combination_has_a_row_with_interval_n_and_events(binary: Any) -> None:
    table = Page(binary.html).tables["table-scores-nested"]
    assert len(table.rows) == 1 + 8
    first = next(s for s in binary.result.scores if s.split == "nested")
    assert table.rows[1] == [
        "clinical baseline",
        "LASSO logistic",
        f"{decimal(first.value)} ({decimal(first.low)}–{decimal(first.high)})",
        "90",
        str(binary.result.events),
        "4",
        str(first.settings),
    ]


def test_survival_shows_both_indices(survival: Any) -> None:
    head = Page(survival.html).tables["table-scores-nested"].rows[0]
    assert head[2].startswith("Harrell’s C-index")
    assert head[3].startswith("Uno’s C-index")


def test_centres_tell_their_n_and_events(binary: Any) -> None:
    head = Page(binary.html).tables["table-scores-centre-auc"].rows[0]
    assert [one.split("n = ")[0].strip() for one in head[2:]] == ["alpha", "beta", "gamma"]
    assert f"n = {binary.result.centres['beta']}, events = " in head[3]


def test_a_missing_score_is_a_dash_with_its_reason(binary: Any) -> None:
    scores = tuple(
        replace(s, value=None, low=None, high=None, reason="2 of 8 folds could not be fitted")
        if s.model == "svm"
        else s
        for s in binary.result.scores
    )
    result = replace(binary.result, scores=scores)
    page = Page(render_report(binary.study, result, binary.facts).html)
    assert page.tables["table-scores-nested"].rows[2][1] == "—a"
    assert "No score: 2 of 8 folds could not be fitted." in page.text
    assert "not scored" in page.text


def test_a_score_without_an_interval_tells_why(binary: Any) -> None:
    why = "all scores that are compared are equal"
    scores = tuple(
        replace(s, value=0.5, low=None, high=None, reason=why) if s.model == "svm" else s for s in binary.result.scores
    )
    page = Page(render_report(binary.study, replace(binary.result, scores=scores), binary.facts).html)
    assert page.tables["table-scores-nested"].rows[2][1] == "0.50 (no interval)a"
    assert f"No interval: {why}." in page.text
    assert "0.50 ()" not in page.text


def test_the_tag_of_the_best_does_not_hide_a_higher_baseline(binary: Any) -> None:
    scores = tuple(replace(s, value=0.95) if s.blocks == "clinical" else s for s in binary.result.scores)
    page = Page(render_report(binary.study, replace(binary.result, scores=scores), binary.facts).html)
    tagged = [row for row in page.tables["table-scores-nested"].rows if "highest nested" in " ".join(row)]
    assert len(tagged) == 1
    assert "highest nested but for baselines" in " ".join(tagged[0])
    assert "Best of 4 combinations, baselines apart, under nested cross-validation" in page.text
    assert "but for baselines" not in Page(binary.html).text


def _ids(reported: Any) -> list[str]:
    winner = find_winner(reported.study, reported.result)
    return [table.id for table in score_tables(reported.study, reported.result, winner)]
