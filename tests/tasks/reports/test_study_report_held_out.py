"""What a report says of external cohorts and of test cases: a score, a column and a figure of their own each."""

from __future__ import annotations

import re

from tasks.reports.sections.headline import headline
from tasks.reports.sections.scores import score_tables
from tasks.reports.winner import find_winner
from tests.tasks.reports.conftest import Reported


def test_held_out_cases_have_scores_by_cohort_and_no_others(external: Reported) -> None:
    result = external.result
    assert [(one.cohort, one.role, one.n) for one in result.held_out] == [
        ("east", "test", 12),
        ("west", "external", 18),
    ]
    assert result.n == 60
    of = {(score.split, score.cohort): score.n for score in result.scores}
    assert of == {("nested", ""): 60, ("given", "east"): 12, ("external", "west"): 18}
    tables = {table.id: table for table in score_tables(external.study, result, find_winner(external.study, result))}
    assert list(tables) == ["table-scores-nested", "table-scores-given-auc", "table-scores-external-auc"]
    events = result.held_out[1].events
    assert [(head.text, head.detail) for head in tables["table-scores-external-auc"].heads] == [
        ("west", f"n = 18, events = {events}")
    ]


def test_the_headline_names_the_best_by_nested_and_tells_held_out_cases_beside_it(external: Reported) -> None:
    found = headline(external.study, external.result, find_winner(external.study, external.result))
    assert re.search(r"; east \(test cases\): AUC 0\.\d\d \(.*; west \(external\): AUC 0\.\d\d \(", str(found.sentence))
    assert found.sentence.startswith("Under nested cross-validation") or "Best of" in found.sentence


def test_the_page_keeps_roles_apart(external: Reported) -> None:
    html = external.html
    assert "in cohort east; external cohort west.</p>" in html
    assert "<h3>west (external)</h3>" in html
    assert "Copy of a patient who trains (n&nbsp;=&nbsp;1)" in html
    heads = re.findall(r'<th scope="col">([^<]*)</th>', html[html.index('id="table-cohort"') :])[:4]
    assert heads == ["All that train", "alpha", "east (test cases)", "west (external)"]
    assert "1 column that west lacks was left out for every cohort." in html
    assert "They are predicted by models fitted on all 60 training cases" in html
    for figure in ("figure-roc", "figure-roc-given-east", "figure-roc-external-west"):
        assert f'<figure id="{figure}"' in html
    forest = html[html.index('id="figure-forest-auc"') :]
    assert "west (external)" in forest and "east (test cases)" in forest
