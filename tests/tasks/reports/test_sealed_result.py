"""What a house sends back, of endpoints of every kind: no small count, no score of few cases, no case."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np
import pandas as pd
import pytest

from features.core.design import Design
from tasks.modelling.evaluation.final import Final
from tasks.modelling.evaluation.fit_final import fit_final
from tasks.modelling.evaluation.score_final import Told, score_final
from tasks.reports.sealed_result import SealedResult, sealed_result
from tests.support.design import ANY_ENDPOINT, make_design, make_study

MODEL = {"continuous": "ridge", "multilabel": "lasso_logistic", "survival": "coxnet", "competing_risks": "coxnet"}
STEPS = ["drop_constant", "median", "zscore", {"kind": "screen", "k": [3]}]
ABOUT = {"model": "toy/1", "package": "0" * 64, "cohort": "theirs", "radweave": "0.1.0"}


@cache
def fitted(kind: str) -> Final:
    models = [{"name": "one", "model": MODEL.get(kind, "ridge_logistic"), "steps": STEPS}]
    return fit_final(make_design(kind, n=90), make_study(models=models, thresholds="always"), "radiomics", "one")


def theirs(kind: str, sizes: dict[str, int], seed: int = 1) -> Design:
    """Cases of another house: so many of each centre."""
    design = make_design(kind, n=sum(sizes.values()), seed=seed)
    centres = np.repeat(list(sizes), list(sizes.values()))
    table = pd.DataFrame({"centre": centres, "patient": design.patients})
    return replace(design, centres=centres, cohort_table=table)


def told_of(final: Final, design: Design, absent: dict[str, str] | None = None) -> Told:
    return score_final(final, design, absent or {}, np.arange(len(design.X)), design.outcome)


def sent(final: Final, told: Told, least: int = 5) -> SealedResult:
    return sealed_result(final, told.predictions, [*told.scores, *told.of_centres], dict(told.remarks), least, ABOUT)


def counts_in(value: Any) -> Iterator[int]:
    """Every whole number in what is sent, but the one that was declared."""
    if isinstance(value, dict):
        for key, one in value.items():
            yield from () if key == "suppressed below" else counts_in(one)
    elif isinstance(value, list):
        for one in value:
            yield from counts_in(one)
    elif isinstance(value, int) and not isinstance(value, bool):
        yield value


@pytest.mark.parametrize("least", [5, 12])
@pytest.mark.parametrize("kind", ANY_ENDPOINT)
def test_no_count_below_the_declared_one_leaves(kind: str, least: int) -> None:
    final = fitted(kind)
    told = told_of(final, theirs(kind, {"A": 40, "B": 30, "C": 8, "D": 3}), {"q1": "no image", "q2": "MASK_EMPTY"})
    result = sent(final, told, least)
    numbers = list(counts_in(json.loads(json.dumps(result.facts))))
    assert numbers and min(numbers) >= least, result.facts
    assert "D" not in result.facts["centres"] and len(result.facts["centres"]) <= 2
    assert result.facts["centres not told"] is True
    assert result.facts["cases"] == {"total": None, "by state": {"evaluated": 81, "others": None}}
    page = result.html()
    assert not any(name in page for name in told.predictions["case"]) and "MASK_EMPTY" not in page


def test_scores_are_those_of_the_cases_as_far_as_they_are_told() -> None:
    final = fitted("binary")
    told = told_of(final, theirs("binary", {"A": 60, "B": 60}))
    result = sent(final, told)
    own = {(one.metric, one.within): one for one in told.scores}
    for one in result.facts["scores"]:
        score = own[one["metric"], one["within"]]
        if one["metric"] == "net_benefit":
            assert one["value"] is None and "a threshold of its own" in one["of what"]
        else:
            assert one["value"] == round(score.value or 0.0, 3) and one["n"] == 120 and one["events"] == score.events
    assert sum(result.facts["outcomes"].values()) == 120
    assert set(result.facts["centres"]) == {"A", "B"} and result.facts["centres not told"] is False
    of_a = {one["metric"]: one for one in result.facts["centres"]["A"]["scores"]}
    by_hand = told_of(final, _only(theirs("binary", {"A": 60, "B": 60}), "A")).scores
    assert of_a["auc"]["value"] == round(next(one.value or 0.0 for one in by_hand if one.metric == "auc"), 3)
    assert of_a["sensitivity"]["value"] is None  # with that of all cases it would tell a further cell


def _only(design: Design, centre: str) -> Design:
    return design.take(np.flatnonzero(design.centres == centre))


def test_decisions_are_told_only_where_every_cell_has_enough_cases() -> None:
    final = fitted("binary")
    told = told_of(final, theirs("binary", {"A": 60, "B": 60}))
    seen = told.predictions
    cells = pd.crosstab(seen["high_risk"].astype(bool), seen["event"].astype(bool)).to_numpy()
    smallest = int(cells.min())
    assert smallest >= 2

    def sensitivity(least: int) -> Any:
        scores = sent(final, told, least).facts["scores"]
        return next(one["value"] for one in scores if one["metric"] == "sensitivity")

    assert sensitivity(smallest) is not None and sensitivity(smallest + 1) is None


def test_without_enough_cases_of_an_outcome_there_are_no_scores() -> None:
    final, design = fitted("binary"), theirs("binary", {"A": 60})
    kept = np.sort(np.r_[np.flatnonzero(design.event)[:4], np.flatnonzero(~design.event)])
    result = sent(final, told_of(final, design.take(kept)))
    assert result.facts["outcomes"] is None and result.facts["cases"]["by state"] == {"evaluated": len(kept)}
    assert all(one["value"] is None and one["events"] is None for one in result.facts["scores"])
    assert "fewer than 5 cases of an outcome" in result.html()


def test_where_no_outcome_is_known_cases_are_counted_and_there_are_no_scores() -> None:
    final, design = fitted("survival"), theirs("survival", {"A": 30})
    told = score_final(final, design, {}, np.empty(0, np.intp), None)
    result = sent(final, told)
    assert result.facts["scores"] == [] and "No outcome is known" in result.html()
    assert result.facts["cases"] == {"total": 30, "by state": {"scored, its outcome not known or not usable": 30}}


def test_remarks_are_counted_where_neither_they_nor_the_others_are_few() -> None:
    final = fitted("binary")
    told = told_of(final, theirs("binary", {"A": 60}))
    remarks = {"cases lack a block": 30, "cases were cut": 2, "all were": 58, "3 of them": 20}
    own = sealed_result(final, told.predictions, told.scores, remarks, 5, ABOUT).facts["remarks"]
    assert own == {"cases lack a block": 30, "cases were cut": None, "all were": None}
