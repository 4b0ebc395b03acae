"""How far augmented views of a network lie apart, over the cases of a study."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from features.core.column import Column
from features.core.storage.store import Store
from features.results.manifest import CohortState, Mart
from features.results.schemas import KEY
from tasks.reports.study_report import render_report
from tasks.reports.view_spread import ViewSpread, view_spreads
from tests.support.mart import DEEP, case_row, publish_tables
from tests.support.page import Page

SPREAD = Column(
    "net__ct__largest_spread", "float32", "spread", role="fact", family="net", filter="largest", recipe="ct"
)


def published(folder: Path) -> Mart:
    store = Store(folder)
    values = [0.0, 0.1, 0.2, 0.3, 0.4, None]
    rows = [case_row("c", f"p{i}", **{DEEP.name: 1.0, SPREAD.name: value}) for i, value in enumerate(values)]
    publish_tables(store, "c", CohortState(key="1"), {"deep/ct": ((*KEY, DEEP, SPREAD), rows)})
    return Mart.open(store)


def test_quartiles_are_over_the_cases_of_the_study(tmp_path: Path) -> None:
    mart = published(tmp_path)
    every = [str(case_row("c", f"p{i}")["case"]) for i in range(6)]
    (found,) = view_spreads(mart, ["c"], ["ct"], every)
    assert (found.network, found.recipe, found.view, found.n) == ("net", "ct", "largest", 5)
    assert [round(one, 6) for one in (*found.quartiles, found.highest)] == [0.1, 0.2, 0.3, 0.4]
    assert view_spreads(mart, ["c"], ["ct"], every[:1])[0].n == 1
    assert view_spreads(mart, ["c"], ["mr"], every) == () == view_spreads(mart, ["c"], ["ct"], ["other"])


def test_the_report_says_how_far_views_lie_apart_where_they_were_augmented(binary: Any) -> None:
    asked = binary.study.model_copy(update={"recipes": ("ct",)})
    one = ViewSpread("resnet18", "ct", "largest", (0.08, 0.11, 0.2), 0.41, 72)
    page = Page(render_report(asked, binary.result, replace(binary.facts, spreads=(one,))).html)
    assert "view-spreads" in page.ids
    assert (
        "resnet18 of ct, view largest: 0.11 in the median case (quartiles 0.08 and 0.20, highest 0.41; n = 72)."
        in page.text
    )
    assert "view-spreads" not in Page(render_report(asked, binary.result, binary.facts).html).ids
