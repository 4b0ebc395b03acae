"""Controls as the report shows them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from tasks.modelling.evaluation.comparison import Controlled
from tasks.reports.section import Findings
from tasks.reports.sections.controls import learning_curves
from tasks.reports.study_report import render_report
from tasks.reports.winner import find_winner
from tests.support.page import Page


def test_runs_of_chance_are_summed_up_and_others_told_one_by_one(binary: Any) -> None:
    told = Controlled("permuted_outcome", "It leaks.", "radiomics", "svm", "nested", "auc", "centre", 0.8, (), 0.25)
    chance = replace(told, runs=(("shuffle 1", 0.4), ("shuffle 2", 0.6), ("shuffle 3", None)))
    parts = replace(told, control="ablation", p=None, runs=(("without clinical", 0.7), ("without radiomics", 0.5)))
    none = replace(told, control="ablation", p=None, reason="there is one block")
    result = replace(binary.result, controlled=(chance, parts, none))
    page = Page(render_report(binary.study, result, binary.facts).html)
    assert page.tables["table-control-permuted_outcome"].rows[1] == [
        "radiomics",
        "0.80",
        "mean 0.50 (0.40–0.60), 2 runs 1 run could not be fitted.",
        "p = 0.25",
    ]
    rows = page.tables["table-control-ablation"].rows
    assert rows[1][2] == "without clinical: 0.70; without radiomics: 0.50"
    assert rows[2][2] == "— there is one block."
    assert "AUC within centres. Nothing is chosen by it." in page.text
    assert "table-control-permuted_outcome" not in Page(binary.html).tables


def test_a_learning_curve_is_drawn_up_to_all_training_cases(binary: Any) -> None:
    runs = (
        ("25 % of the training cases (8)", 0.55),
        ("50 % of the training cases (16)", 0.65),
        ("75 % of the training cases (24)", None),
    )
    one = Controlled("learning_curve", "It rises.", "radiomics", "svm", "nested", "auc", "", 0.75, runs, None)
    failed = replace(one, blocks="all", runs=(), reason="there are too few cases")
    found = replace(binary.result, controlled=(one, failed))
    page = Page(render_report(binary.study, found, binary.facts).html)
    assert "Training cases of each fold (%)" in page.text
    assert (
        page.tables["table-control-learning_curve"].rows[1][2].startswith("25 % of the training cases (8): 0.55; 50 %")
    )
    (curve,) = learning_curves(Findings(binary.study, found, binary.facts, find_winner(binary.study, found)))
    assert curve.points == ((25.0, 0.55), (50.0, 0.65), (100.0, 0.75))
    assert "figure-learning_curve" not in binary.html
