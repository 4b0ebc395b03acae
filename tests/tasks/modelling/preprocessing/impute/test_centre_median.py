"""Missing values take the median of their centre, and of all where the centre has none."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from tasks.modelling.preprocessing.step import STEPS
from tests.support.design import make_design
from tests.support.harmonised import any_target, rows_of
from tests.tasks.modelling.evaluation.test_centre_told import COMBAT, told, with_effects

NAN = np.nan


def test_values_are_those_of_the_centre_or_else_of_all() -> None:
    X = [[1, NAN], [3, NAN], [NAN, NAN], [10, 5], [20, 7], [NAN, 9]]
    rows = rows_of(X, list("AAABBB"))
    step = STEPS.parse("centre_median").fit(rows, any_target(6), 0)
    assert step.apply(rows).X.tolist() == [[1, 7], [3, 7], [2, 7], [10, 5], [20, 7], [15, 9]]
    what = "centre_median: values that no training row of the centre has took the median of all"
    assert step.remarks(rows) == {what: 3}
    new = rows_of([[NAN, 1], [NAN, NAN]], ["C", "B"])
    assert step.apply(new).X.tolist() == [[6.5, 1], [15, 7]]
    assert step.remarks(new) == {what: 1}
    whole = rows_of([[1, 2]], ["C"])
    assert step.apply(whole) is whole
    assert not step.remarks(whole)


def test_what_was_filled_in_tells_less_of_the_centre_once_it_is_harmonised() -> None:
    gaps: dict[str, list[float]] = {"median": [], "centre_median": []}
    for seed in range(4):
        whole = make_design(n=150, p=40, nan=0.0, seed=seed)
        shifted = with_effects(replace(whole, X=whole.X.filter(regex=r"_\d+$")), 1.0, 0.0, seed)
        missing = np.random.default_rng(seed).random(shifted.X.shape) < 0.4
        for imputer, found in gaps.items():
            steps = ["drop_constant", imputer, "combat", "zscore"]
            _, after = told(replace(shifted, X=shifted.X.mask(missing)), {**COMBAT, "steps": steps})
            assert after.value is not None
            assert after.chance is not None
            found.append(after.value - after.chance)
    assert np.mean(gaps["median"]) > np.mean(gaps["centre_median"]) + 0.05
