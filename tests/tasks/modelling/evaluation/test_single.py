"""best_singles: the strongest column, its chance among all of its block, and what it is worth out of fold."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import roc_auc_score
from sksurv.metrics import concordance_index_censored

from features.core.design import Copies
from features.core.outcome import Outcome
from tasks.modelling.evaluation.evaluate import evaluate
from tasks.modelling.evaluation.seeds import seed_of
from tasks.modelling.evaluation.single import _residuals, best_singles
from tasks.modelling.splits.split import SPLITS
from tests.support.design import make_design, make_study


def _singles(design: Any, *blocks: str, seed: int = 0) -> Any:
    return best_singles(design, blocks, SPLITS.parse("nested").cut(design, seed), seed)


@pytest.mark.parametrize("task", ["binary", "survival"])
def test_the_column_with_the_signal_is_found_and_chance_is_not(task: str) -> None:
    design = make_design(task, n=90, p=300, signal=3.0, centres=1)
    (found,) = _singles(design, "radiomics")
    assert (found.column, found.columns, found.n) == ("radiomics_0", 303, int(design.X["radiomics_0"].notna().sum()))
    assert found.p == 0.001 and found.out_of_fold > 0.75 and found.chosen == found.folds == 10
    known = design.X["radiomics_0"].notna().to_numpy()
    x, y = design.X["radiomics_0"].to_numpy()[known], design.endpoint.target(design.outcome)[known]
    expected = roc_auc_score(y, x) if task == "binary" else concordance_index_censored(y["event"], y["time"], x)[0]
    assert found.value == pytest.approx(expected)
    (noise,) = _singles(make_design(task, n=90, p=300, signal=0.0, seed=2), "radiomics")
    assert noise.value > 0.6 and noise.p > 0.05 and abs(noise.out_of_fold - 0.5) < 0.15


@pytest.mark.slow
def test_p_of_noise_is_uniform() -> None:
    found = [_singles(make_design(n=40, p=30, signal=0.0, seed=seed), "radiomics")[0].p for seed in range(30)]
    assert 0.3 < np.mean(found) < 0.7 and min(found) < 0.3 and max(found) > 0.7


@pytest.mark.slow
def test_copies_are_exchanged_together() -> None:
    """Forty noise patients under two ids are forty, not eighty: their best column is no discovery."""
    small = [make_design(n=40, p=60, signal=0.0, seed=seed, nan=0.0) for seed in range(12)]
    p: dict[bool, list[float]] = {True: [], False: []}
    for one in small:
        X = pd.concat([one.X, one.X.set_axis([f"copy{i}" for i in range(40)])])
        patients = np.array([f"p{i}" for i in range(80)])
        copies = tuple(Copies((f"p{i}", f"p{40 + i}"), "x") for i in range(40))
        both = replace(
            one,
            X=X,
            outcome=Outcome.concat([one.outcome, one.outcome]),
            patients=patients,
            centres=np.tile(one.centres, 2),
            cohorts=np.tile(one.cohorts, 2),
            held_out=np.tile(one.held_out, 2),
            scored=np.tile(one.scored, 2),
        )
        for joined in p:
            p[joined].append(_singles(replace(both, copies=copies if joined else ()), "radiomics")[0].p)
    assert np.mean(p[False]) < 0.1 < 0.3 < np.mean(p[True])


def test_columns_that_are_empty_constant_or_mostly_missing_win_nothing() -> None:
    design = make_design(n=60, p=5, signal=3.0)
    lucky = pd.Series(np.nan, index=design.X.index)
    lucky.iloc[[np.flatnonzero(design.event)[0], np.flatnonzero(~design.event)[0]]] = [
        1.0,
        0.0,
    ]  # an AUC of 1 in two cases
    X = design.X.assign(radiomics_lucky=lucky)
    found = _singles(replace(design, X=X, blocks={**design.blocks, "radiomics_lucky": "radiomics"}), "radiomics")
    assert found[0].column == "radiomics_0"
    useless = design.X[["radiomics_constant", "radiomics_empty"]]
    assert _singles(replace(design, X=useless), "radiomics", "clinical") == ()


def test_residuals_of_survival_are_those_of_martingales() -> None:
    seen = Outcome.of_days(np.array([True, False, True, True]), np.array([1.0, 2.0, 2.0, 5.0]))
    expected = [1 - 1 / 4, -1 / 4 - 1 / 3, 1 - 1 / 4 - 1 / 3, 1 - 1 / 4 - 1 / 3 - 1]
    np.testing.assert_allclose(_residuals(seen), expected)


def test_a_study_holds_the_best_column_of_each_of_its_blocks() -> None:
    result = evaluate(make_design(), make_study())
    assert [one.block for one in result.singles] == ["clinical", "region", "radiomics"]
    assert list(result.singles_table()["column"])[2] == "radiomics_0"
    assert result.singles == evaluate(make_design(), make_study()).singles
    assert seed_of(0, "singles") != seed_of(1, "singles")


@pytest.mark.parametrize("task", ["binary", "survival", "continuous"])
def test_a_column_that_only_tells_the_centres_apart_tells_nothing(task: str) -> None:
    design = make_design(task, n=120, p=5, signal=0.0, centres=2)
    first, seen, rng = design.centres == "centre0", design.outcome, np.random.default_rng(3)
    if seen.value is not None:
        seen.value[first] += 5.0
    elif seen.days is not None:
        seen.days[first] /= 20.0
    else:
        seen.code[:] = rng.random(120) < np.where(first, 0.85, 0.15)
    X = design.X.assign(radiomics_1=first + 0.01 * rng.normal(size=120))
    (found,) = _singles(replace(design, X=X), "radiomics")
    assert found.p > 0.01 and abs(found.value - 0.5) < 0.2
    assert found.out_of_fold is not None and abs(found.out_of_fold - 0.5) < 0.2
