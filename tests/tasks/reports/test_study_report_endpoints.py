"""What a report says of each kind of endpoint."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from features.core.kinds.endpoint import ENDPOINTS
from tasks.reports.forest import forest
from tasks.reports.outcome_figures.confusion import matrix
from tasks.reports.outcome_figures.outcome_figure import best_and_clinical
from tasks.reports.sections.key_facts import events_per_column
from tasks.reports.study_report import render_report
from tasks.reports.winner import find_score, find_winner
from tests.support.page import Page
from tests.tasks.reports.conftest import Reported

Make = Callable[[str], Reported]
OTHERS = [kind for kind in ENDPOINTS.modules if kind not in ("binary", "survival")]  # which have fixtures of their own


@pytest.mark.parametrize("kind", OTHERS)
def test_every_kind_of_endpoint_has_a_whole_report(kind: str, of_kind: Make) -> None:
    reported = of_kind(kind)
    page = Page(reported.html)
    assert [one for one, count in Counter(page.ids).items() if count > 1] == []
    cells = [cell for table in page.tables.values() for row in table.rows for cell in row]
    assert not {"None", "nan", "events = None"} & set(cells)
    drawn = [one for one in page.ids if one.startswith("figure-") and one.endswith(("-all", "-clinical"))]
    assert len(drawn) == (2 if kind != "competing_risks" else 4)  # calibration over follow-up as well
    assert {f"figure-forest-{metric}" for metric in reported.result.endpoint.metrics} <= set(page.ids)
    heads = page.tables["table-scores-nested"].rows[0]
    assert ("Events" in heads) == reported.result.endpoint.has_events
    assert reported.result.counted in page.text


@pytest.mark.parametrize(
    ("kind", "rows"),
    [
        ("multiclass", ["Cases", "subtype, n (%)", "round", "spiky", "diffuse"]),
        ("multilabel", ["Cases", "oedema, n (%)", "necrosis, n (%)"]),
        ("ordinal", ["Cases", "grade, n (%)", "low", "middle", "high"]),
        ("continuous", ["Cases", "Change (%), median [quartiles]"]),
        (
            "competing_risks",
            ["Cases", "cause, n (%)", "none", "relapse", "death", "Follow-up, months (median, reverse Kaplan–Meier)"],
        ),
    ],
)
def test_the_cohort_table_begins_with_the_outcome(kind: str, rows: list[str], of_kind: Make) -> None:
    labels = [row[0] for row in Page(of_kind(kind).html).tables["table-cohort"].rows[1:]]
    assert labels[: len(rows)] == rows
    assert labels[len(rows)].startswith("Age")


@pytest.mark.parametrize(
    ("kind", "sentences"),
    [
        ("multiclass", ["stratified by class", "Macro AUC: The mean of the AUCs of each class against all others"]),
        ("multilabel", ["stratified by the most uneven label", "AUC of the label that it tells best, of one column"]),
        (
            "ordinal",
            [
                "stratified by rank",
                "Quadratic kappa: cases of all folds and repeats are counted together. C-index of ranks: cases are compared "
                "within their test fold only",
                "coefficients are means over the steps from rank to rank",
            ],
        ),
        ("continuous", ["stratified by fifth of the values", "the dashed line is the mean of the training fold"]),
        (
            "competing_risks",
            [
                "The event of interest is relapse. Risks are of its cause-specific hazard",
                "Harrell’s C-index (other events as censored) of one column alone",
                "cause-specific log-rank p",
                "it does not compare the curves themselves, as Gray's test would",
            ],
        ),
    ],
)
def test_methods_and_captions_fit_the_endpoint(kind: str, sentences: list[str], of_kind: Make) -> None:
    text = Page(of_kind(kind).html).text
    for sentence in sentences:
        assert sentence in text, sentence


def test_key_facts_name_what_is_scarce(of_kind: Make) -> None:
    for kind, word in (("multiclass", "Smallest class"), ("competing_risks", "Events of interest")):
        result = of_kind(kind).result
        count = result.scarce if result.events is None else result.events
        assert f"{word}{count}" in Page(of_kind(kind).html).text
        per_column = events_per_column(result.scarce, [score.columns for score in result.scores])
        assert f"Events per column offered{per_column}" in Page(of_kind(kind).html).text
    assert "Smallest" not in Page(of_kind("continuous").html).text


@pytest.mark.parametrize("kind", ["multiclass", "ordinal"])
def test_the_confusion_matrix_counts_each_case_once(kind: str, of_kind: Make) -> None:
    study, result = of_kind(kind).study, of_kind(kind).result
    shown = best_and_clinical(study, result, find_winner(study, result))[0]
    found = matrix(result, shown)
    assert found.counts.sum() == 60
    rows = result.predictions.query("split == 'nested' and blocks == 'all' and repeat == 0")
    assert found.counts.sum(axis=1).tolist() == [int((rows["level"] == level).sum()) for level in found.columns]


@pytest.mark.parametrize("kind", ["multiclass", "multilabel"])
def test_the_aucs_beside_the_matrix_are_those_of_the_macro_auc(kind: str, of_kind: Make) -> None:
    study, result = of_kind(kind).study, of_kind(kind).result
    winner = find_winner(study, result)
    names = matrix(result, best_and_clinical(study, result, winner)[0]).rows
    score = find_score(result, "nested", "all", winner.models["all"], "macro_auc")
    assert score is not None
    assert np.mean([float(name.split("AUC ")[1]) for name in names]) == pytest.approx(score.value, abs=0.005)


def test_labels_are_found_or_missed(of_kind: Make) -> None:
    study, result = of_kind("multilabel").study, of_kind("multilabel").result
    found = matrix(result, best_and_clinical(study, result, find_winner(study, result))[0])
    assert found.counts.sum(axis=1).tolist() == [60, 60]
    assert result.counted.startswith(f"{found.counts[0, :2].sum()} oedema")


def test_the_unit_stands_at_the_axes(of_kind: Make) -> None:
    text = Page(of_kind("continuous").html).text
    assert "Seen: Change (%)" in text and "Predicted: Change (%)" in text


def test_scores_far_below_zero_are_arrows_and_the_rest_stays_readable(of_kind: Make) -> None:
    reported = of_kind("continuous")
    scores = tuple(
        replace(one, value=-7.5, low=-12.0, high=-3.0) if one.blocks == "volume" and one.metric == "r2" else one
        for one in reported.result.scores
    )
    result = replace(reported.result, scores=scores)
    plot = forest(reported.study, result, "r2")
    assert "◂ −7.50" in plot.svg
    assert "Arrows stand for scores below −1.00." in plot.caption
    assert "−7.50 (−12.00 to −3.00)" in Page(render_report(reported.study, result, reported.facts).html).text


def test_one_column_is_compared_by_the_metric_that_both_have(of_kind: Make) -> None:
    said = r"has C-index of ranks 0\.8\d out of fold, the model 0\.8\d \(both within centres\)\."
    assert re.search(said, Page(of_kind("continuous").html).text)
    assert "One column alone" not in Page(of_kind("multiclass").html).text
