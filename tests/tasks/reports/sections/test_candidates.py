"""What was compared, and what inner folds chose."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from tasks.modelling.candidate import parse_candidate
from tasks.modelling.evaluation.result import Chosen
from tasks.reports.sections.candidates import candidate_row, kinds_in_words
from tasks.reports.study_report import render_report
from tests.support.page import Page


def test_a_candidate_is_told_with_its_steps_in_order_and_all_settings() -> None:
    steps = ["drop_constant", "median", {"kind": "screen", "k": [3, 7]}]
    row = candidate_row(parse_candidate({"name": "few_columns", "steps": steps, "model": {"kind": "svm", "C": [2.0]}}))
    assert row.label == "Few columns"
    assert [step.kind for step in row.steps] == ["drop_constant", "median", "screen"]
    assert "k = 3, 7" in row.steps[2].settings
    assert row.model.kind == "svm" and "C = 2.0" in row.model.settings


def test_a_setting_that_names_nothing_is_none() -> None:
    steps = ["drop_constant", "median", "combat"]
    combat = candidate_row(parse_candidate({"name": "even", "steps": steps, "model": "svm"})).steps[2]
    assert "reference = none; " in combat.settings and "covariates = none" in combat.settings
    assert "blocks" not in combat.settings  # it is for all of them


def test_every_kind_is_said_once_in_words(binary: Any) -> None:
    words = kinds_in_words(binary.study.models)
    assert {"median", "lasso_logistic", "svm", *(one.fusion.kind for one in binary.study.models)} <= words.keys()
    assert all(one.endswith(".") for one in words.values())
    page = Page(binary.html)
    assert all(page.text.count(one) >= 1 for one in words.values())


def test_what_inner_folds_chose_is_counted(binary: Any) -> None:
    chosen = tuple(
        Chosen("nested", "radiomics", "svm", setting, value, count, 8)
        for setting, value, count in (("k", "10", 5), ("k", "30", 3), ("C", "1.0", 8), ("clinical.k", "10", 8))
    )
    page = Page(render_report(binary.study, replace(binary.result, chosen=chosen), binary.facts).html)
    assert page.tables["table-chosen"].rows[1:] == [
        ["radiomics, SVM", "k = 10 (5 of 8), 30 (3 of 8); clinical.k = 10 (8 of 8)"]
    ]
    assert (
        "table-chosen"
        not in Page(render_report(binary.study, replace(binary.result, chosen=()), binary.facts).html).ids
    )


def test_every_fitted_fold_chose_one_value_of_each_setting_and_nothing_is_told_without_a_choice(binary: Any) -> None:
    own = [one for one in binary.result.chosen if (one.split, one.blocks) == ("nested", "radiomics")]
    assert {one.model for one in own} == {"svm"}  # the other candidate has one value of each setting
    for setting in {one.setting for one in own}:
        assert sum(one.chosen for one in own if one.setting == setting) == 8
    assert {one.value for one in own if one.setting == "k"} <= {"10", "30"}
