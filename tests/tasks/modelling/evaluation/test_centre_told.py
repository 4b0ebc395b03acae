"""How well the centre is told: what is planted is seen, what is not is chance, before and after harmonising."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from features.core.design import Design
from tasks.modelling.candidate import parse_candidate
from tasks.modelling.evaluation.centre_told import CentreTold, centres_told, tell_centres
from tasks.modelling.evaluation.evaluate import evaluate
from tasks.modelling.preprocessing.harmonise.combat import Combat
from tasks.modelling.splits.split import SPLITS
from tests.support.design import make_design, make_study
from tests.support.harmonised import rows_of

COMBAT = {"name": "combat", "model": "svm", "steps": ["drop_constant", "median", "combat", "zscore"]}
PLAIN = {"name": "plain", "model": "svm"}


def with_effects(design: Design, shift: float, spread: float, seed: int = 0) -> Design:
    """Every column has a location and a scale in each centre."""
    rng = np.random.default_rng(seed)
    _, code = np.unique(design.centres, return_inverse=True)
    size = code.max() + 1, design.X.shape[1]
    factor, offset = np.exp(spread * rng.normal(size=size)), shift * rng.normal(size=size)
    return replace(design, X=design.X * factor[code] + offset[code])


def told(design: Design, *candidates: Any, splits: tuple[str, ...] = ("nested",)) -> list[CentreTold]:
    folds = {split: split.cut(design, 0) for split in map(SPLITS.parse, splits)}
    sets = {"radiomics": design.columns("radiomics")}
    return list(centres_told(design, [parse_candidate(one) for one in candidates], sets, folds, 0))


@pytest.mark.parametrize(("shift", "spread"), [(1.0, 0.0), (0.0, 0.7)])
def test_planted_locations_and_scales_tell_the_centre_until_they_are_harmonised(shift: float, spread: float) -> None:
    design = with_effects(make_design(n=150, p=40, nan=0.0), shift, spread)
    exact = {**COMBAT, "name": "exact", "steps": ["drop_constant", "median", "location_scale"]}
    before, after, without_shrinkage = told(design, COMBAT, PLAIN, exact)
    assert (before.stage, before.model, before.n, before.folds, before.centres) == ("before", "", 150, 5, 3)
    assert [(one.stage, one.model) for one in (after, without_shrinkage)] == [("after", "combat"), ("after", "exact")]
    assert before.value is not None
    assert before.chance is not None
    assert before.value > 0.9
    assert abs(before.chance - 0.5) < 0.1
    assert after.value is not None
    assert (
        after.value < before.value - 0.1
    )  # small spreads are drawn to larger ones: what is left of scales can be told
    assert without_shrinkage.value is not None
    assert without_shrinkage.chance is not None
    assert without_shrinkage.value - without_shrinkage.chance < 0.1


def test_centres_without_any_effect_are_told_by_chance() -> None:
    """After harmonising, chance is far from one half: what is left of a centre's training rows points away from its test rows."""
    gaps, values = [], []
    for seed in range(6):
        for one in told(make_design(n=120, p=60, seed=seed), COMBAT):
            assert one.value is not None
            assert one.chance is not None
            gaps.append(one.value - one.chance)
            if one.stage == "after":
                values.append(one.value)
    assert abs(np.mean(gaps)) < 0.03
    assert np.mean(values) < 0.35


def test_test_rows_do_not_move_each_other_and_one_outlier_decides_nothing() -> None:
    rng = np.random.default_rng(0)
    X, centres = rng.normal(size=(60, 10)), np.repeat(["A", "B"], 30)
    X[30:] += 1
    train, test = rows_of(X[::2], centres[::2]), rows_of(X[1::2], centres[1::2])
    found = tell_centres(train, test)
    assert found.pairs == {"A": 225, "B": 225}
    assert found.ordered["A"] == found.ordered["B"]  # two centres are one question
    assert found.ordered["A"] > 200
    huge = X.copy()
    huge[0, 0] = 1e300
    assert tell_centres(rows_of(huge[::2], centres[::2]), test).ordered["A"] > 200


def test_candidates_that_share_their_steps_are_looked_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    alone, fits = told(make_design(), COMBAT), []
    fit = Combat.fit
    monkeypatch.setattr(Combat, "fit", lambda *given: fits.append(1) or fit(*given))
    before, one, two = told(make_design(), COMBAT, {**COMBAT, "name": "other", "model": "random_forest"})
    assert [before, one] == alone
    assert two == replace(one, model="other")
    assert len(fits) == 10  # five folds, each with its centres and with shuffled ones


def test_equal_rows_tie() -> None:
    X, centres = np.zeros((8, 3)), np.array(list("AABBAABB"))
    found = tell_centres(rows_of(X[:4], centres[:4]), rows_of(X[4:], centres[4:]))
    assert found.ordered == {"A": 2.0, "B": 2.0}


def test_a_study_of_one_centre_has_none_and_one_without_nested_folds_has_them() -> None:
    assert told(make_design(centres=1), COMBAT) == []
    design = make_design()
    out = told(design, splits=("centre_out",))
    assert out[0].folds == 5
    assert out == told(design, splits=("centre_out",))


def test_what_cannot_be_fitted_is_a_row_with_its_reason() -> None:
    missing = {**COMBAT, "steps": ["drop_constant", "median", {"kind": "combat", "reference": "nowhere"}]}
    before, after = told(make_design(), missing)
    assert before.value is not None
    assert (after.value, after.chance, after.folds) == (None, None, 0)
    assert 'combat: reference "nowhere" has fewer than two training rows' in after.reason


def test_it_is_part_of_the_result() -> None:
    study = make_study(models=[COMBAT | {"model": {"kind": "svm", "C": [1.0]}}], splits=["centre_out"])
    result = evaluate(make_design(), study)
    before, after = (sorted(one.blocks for one in result.centre_told if one.stage == s) for s in ("before", "after"))
    assert before == sorted(result.blocks)
    assert after == [blocks for blocks in before if blocks != "clinical"]  # nothing of it is harmonised
    assert len(result.centre_told_table()) == len(result.centre_told)
