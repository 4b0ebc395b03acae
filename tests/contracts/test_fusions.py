"""Every fusion: test rows move nothing that was fitted, noise gives chance, and a set of one block is that block's model."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from features.core.design import Design
from tasks.modelling.evaluation.evaluate import evaluate
from tasks.modelling.fusion.fusion import FUSIONS
from tasks.modelling.rows import Rows
from tests.contracts.test_poison import Given, fitted_state, one_fold, poisoned
from tests.support.design import ANY_ENDPOINT, make_design, make_study

MODEL = {"continuous": "lasso", "survival": "coxnet", "competing_risks": "coxnet"}
STEPS = ["drop_constant", "median", "zscore", {"kind": "screen", "k": [3]}]
BLOCKS = ["clinical", "region", "radiomics"]


def candidate(endpoint: str, fusion: str) -> dict[str, Any]:
    return {"name": fusion, "model": MODEL.get(endpoint, "lasso_logistic"), "steps": STEPS, "fusion": fusion}


@pytest.mark.parametrize("endpoint", ANY_ENDPOINT)
@pytest.mark.parametrize("fusion", FUSIONS.modules)
def test_test_rows_do_not_move_what_was_fitted(fusion: str, endpoint: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Weights of blocks among it, bit by bit."""
    monkeypatch.setattr(
        "tasks.modelling.evaluation.evaluate.block_sets", lambda design, _: {"all": list(design.X.columns)}
    )
    design = make_design(endpoint, n=60)
    fold = one_fold(design, "nested")
    given = Given(train=tuple(map(int, fold.train)), test=tuple(map(int, fold.test)))
    study = make_study(models=[candidate(endpoint, fusion)], splits=[given])
    clean, clean_scores = fitted_state(design, study, Rows.of(design))
    for name, poison in poisoned(design, fold.test):
        state, scores = fitted_state(poison, study, Rows.of(design))
        assert state == clean, f"{fusion} of {endpoint} saw the test rows ({name})"
        np.testing.assert_array_equal(scores, clean_scores)


@pytest.mark.parametrize("fusion", FUSIONS.modules)
def test_a_set_of_one_block_is_the_model_of_that_block(fusion: str) -> None:
    design = make_design(n=60)
    models = [candidate("binary", "together"), {**candidate("binary", fusion), "name": "other"}]
    result = evaluate(design, make_study(models=models, splits=["centre_out"]))
    one, two = (
        result.predictions[result.predictions["model"] == name].drop(columns="model").reset_index(drop=True)
        for name in ("together", "other")
    )
    pd.testing.assert_frame_equal(one, two)


@pytest.mark.parametrize("endpoint", ["binary", "survival"])
@pytest.mark.parametrize("fusion", FUSIONS.modules)
def test_shares_are_of_the_blocks_and_sum_to_one(fusion: str, endpoint: str) -> None:
    """The planted signal is a column of radiomics: most of the share is that of radiomics."""
    design = make_design(endpoint, n=90, signal=3.0)
    study = make_study(models=[candidate(endpoint, fusion)], blocks={"all": BLOCKS})
    result = evaluate(design, study)
    shares = {share.block: share.share for share in result.shares if (share.blocks, share.split) == ("all", "nested")}
    assert set(shares) == set(BLOCKS)
    assert sum(shares.values()) == pytest.approx(1)
    assert shares["radiomics"] > 0.5
    searched = [s for s in result.scores if s.metric in design.endpoint.metrics and s.blocks == "all" and not s.centre]
    assert searched and all(s.value is None or s.value > 0.6 for s in searched)
    assert {s.feature for s in result.selected if s.blocks == "all"} <= set(design.X.columns)


@pytest.mark.slow
@pytest.mark.parametrize("fusion", FUSIONS.modules)
@pytest.mark.parametrize("endpoint", ["binary", "survival"])
def test_noise_over_twenty_seeds_gives_chance(endpoint: str, fusion: str) -> None:
    """Weights of blocks are learnt too: what they find in noise must not be scored on the same cases."""
    found = [
        _score(make_design(endpoint, n=60, p=120, signal=0.0, seed=100 + seed), fusion, endpoint) for seed in range(20)
    ]
    assert 0.43 <= float(np.mean(found)) <= 0.57


def _score(design: Design, fusion: str, endpoint: str) -> float:
    split = {"kind": "nested", "folds": 3, "repeats": 1}
    study = make_study(models=[candidate(endpoint, fusion)], blocks={"all": BLOCKS}, splits=[split])
    value = next(s.value for s in evaluate(design, study).scores if s.blocks == "all" and not s.within)
    assert value is not None
    return value
