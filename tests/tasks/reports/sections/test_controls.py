"""Controls as the report shows them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from tasks.modelling.evaluation.comparison import Controlled
from tasks.reports.study_report import render_report
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
