"""Tables of scores."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from tasks.modelling.evaluation.result import Score
from tasks.reports.number_format import decimal
from tasks.reports.score_cells import Cells
from tasks.reports.sections.scores import score_tables
from tasks.reports.study_report import render_report
from tasks.reports.winner import find_winner
from tests.support.page import Page


def test_nested_stands_first_then_centre_out_then_each_centre(binary: Any, survival: Any) -> None:
    assert _ids(binary) == ["table-scores-nested", "table-scores-centre_out", "table-scores-centre-auc"]
    assert _ids(survival) == [
        *("table-scores-nested", "table-scores-nested-pooled", "table-scores-centre_out"),
        *("table-scores-centre-harrell_c", "table-scores-centre-uno_c"),
    ]


def test_every_combination_has_a_row_with_interval_n_and_events(binary: Any) -> None:
    table = Page(binary.html).tables["table-scores-nested"]
    assert len(table.rows) == 1 + 8
    within, pooled = (
        next(s for s in binary.result.scores if (s.split, s.within) == ("nested", way)) for way in ("centre", "")
    )
    assert table.rows[0][2:4] == ["AUC within centres95 % CI", "AUC pooled95 % CI"]
    assert table.rows[1] == [
        "clinical baseline",
        "LASSO logistic",
        *(
            f"{decimal(one.value)} ({decimal(one.low)}–{decimal(one.high)}){decimal(one.lowest)}–{decimal(one.highest)}"
            for one in (within, pooled)
        ),
        "90",
        str(binary.result.events),
        "4",
        str(pooled.settings),
    ]


def test_survival_shows_both_indices(survival: Any) -> None:
    for name, how in (("table-scores-nested", "within centres"), ("table-scores-nested-pooled", "pooled")):
        head = Page(survival.html).tables[name].rows[0]
        assert [one.removesuffix("95 % CI") for one in head[2:4]] == [
            f"Harrell’s C-index {how}",
            f"Uno’s C-index {how}",
        ]


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
        replace(s, value=0.5, low=None, high=None, lowest=None, highest=None, reason=why) if s.model == "svm" else s
        for s in binary.result.scores
    )
    page = Page(render_report(binary.study, replace(binary.result, scores=scores), binary.facts).html)
    assert page.tables["table-scores-nested"].rows[2][1] == "0.50 (no interval)a"
    assert f"No interval: {why}." in page.text
    assert "0.50 ()" not in page.text


def test_methods_tell_every_reason_why_there_is_no_interval(binary: Any) -> None:
    scores = tuple(
        replace(s, low=None, high=None, reason="all are equal" if s.model == "svm" else "3 centres do not tell")
        if s.split == "centre_out" and not s.centre
        else s
        for s in binary.result.scores
    )
    page = Page(render_report(binary.study, replace(binary.result, scores=scores), binary.facts).html)
    assert "Leave-one-centre-out: no interval: 3 centres do not tell. " in page.text
    assert "Leave-one-centre-out: no interval: all are equal. " in page.text


def test_single_columns_are_said_to_be_judged_within_centres(binary: Any) -> None:
    told = "Only cases of one centre are compared, and outcomes are permuted within centres."
    assert told in Page(binary.html).text
    scores = tuple(s for s in binary.result.scores if not s.within)
    assert told not in Page(render_report(binary.study, replace(binary.result, scores=scores), binary.facts).html).text


def test_the_tag_of_the_best_does_not_hide_a_higher_baseline(binary: Any) -> None:
    scores = tuple(replace(s, value=0.95) if s.blocks == "clinical" else s for s in binary.result.scores)
    page = Page(render_report(binary.study, replace(binary.result, scores=scores), binary.facts).html)
    tagged = [row for row in page.tables["table-scores-nested"].rows if "highest within centres" in " ".join(row)]
    assert len(tagged) == 1
    assert "highest within centres but for baselines" in " ".join(tagged[0])
    assert "Best of 4 combinations, baselines apart, under nested cross-validation" in page.text
    assert "but for baselines" not in Page(binary.html).text


def _ids(reported: Any) -> list[str]:
    winner = find_winner(reported.study, reported.result)
    return [table.id for table in score_tables(reported.study, reported.result, winner)]


def test_each_table_says_of_what_its_intervals_are_and_shows_the_spread_over_repeats(binary: Any) -> None:
    of = {"nested": "the mean of dice", "centre_out": "a new centre"}
    scores = tuple(
        replace(s, low=0.7, high=0.9, interval_of=of[s.split], lowest=0.71, highest=0.76) if not s.centre else s
        for s in binary.result.scores
    )
    page = Page(render_report(binary.study, replace(binary.result, scores=scores), binary.facts).html)
    assert (
        page.text.count("Each interval is of the mean of dice.")
        == page.text.count("Each interval is of a new centre.")
        == 1
    )
    assert page.tables["table-scores-nested"].rows[1][2].endswith(")0.71–0.76")
    assert "Small numbers: lowest and highest value of the 2 repeats." in page.text


def test_columns_whose_intervals_are_of_different_things_are_named() -> None:
    score = Score("nested", "all", "svm", "auc", "", 0.6, 0.5, 0.7, 40, 20, 3, 1, 0, interval_of="dice")
    cells = Cells()
    cells.cell("AUC", score)
    cells.cell("C-index", replace(score, interval_of="cards"))
    cells.cell("R²", replace(score, low=None, high=None, reason="no interval: too few cards"))
    assert cells.intervals == ("AUC: each interval is of dice.", "C-index: each interval is of cards.")
    assert cells.notes == (("a", "No interval: too few cards."),)
