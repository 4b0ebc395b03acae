"""Harmonising changes the score of an unseen centre where centres differ in scale, and costs little where they do not."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from features.core.design import Design
from features.core.outcome import Outcome
from tasks.modelling.evaluation.evaluate import evaluate
from tests.support.design import BINARY, make_study

RULES = ("refuse", "pooled", "own")


def multicentre(seed: int, *, spread: float, n: int = 160, p: int = 20, centres: int = 4) -> Design:
    """Five columns carry the risk; every centre multiplies every column by a factor of its own, and adds to it."""
    rng = np.random.default_rng(seed)
    true, code = rng.normal(size=(n, p)), np.arange(n) % centres
    positive = 0.8 * true[:, :5].sum(axis=1) + rng.logistic(size=n) > 0
    seen = true * np.exp(spread * rng.normal(size=(centres, p)))[code] + rng.normal(size=(centres, p))[code]
    X = pd.DataFrame(seen, columns=[f"radiomics_{i}" for i in range(p)], index=[f"toy:{i}" for i in range(n)])
    names = np.array([f"p{i}" for i in range(n)]), np.array([f"centre{i}" for i in code])
    return Design(X, dict.fromkeys(X.columns, "radiomics"), Outcome.of_flag(positive), BINARY, *names)


def candidate(name: str, *steps: Any) -> dict[str, Any]:
    model = {"kind": "lasso_logistic", "C": [0.3]}
    return {"name": name, "steps": ["drop_constant", "median", *steps, "zscore"], "model": model}


def scored(designs: list[Design]) -> pd.DataFrame:
    """AUC of each unseen centre by each rule, and without harmonising."""
    candidates = [candidate("plain"), *(candidate(rule, {"kind": "combat", "unseen": rule}) for rule in RULES)]
    study = make_study(models=candidates, splits=["centre_out"])
    tables = [evaluate(design, study).scores_table() for design in designs]
    found = pd.concat(tables, keys=range(len(tables)), names=["draw"]).reset_index(level="draw")
    return found[(found["metric"] == "auc") & (found["centre"] != "")]


@pytest.fixture(scope="module")
def planted() -> pd.DataFrame:
    return scored([multicentre(seed, spread=0.7) for seed in range(4)])


def test_the_score_of_an_unseen_centre_changes(planted: pd.DataFrame) -> None:
    mean = planted.groupby("model")["value"].mean()
    assert mean["own"] > mean["plain"] + 0.03  # its columns come in the training centres' scale
    each = planted.pivot(index=["draw", "centre"], columns="model", values="value")
    assert (each["pooled"] != each["plain"]).mean() > 0.5  # its own values stay, but the model is another
    assert (each["own"] != each["pooled"]).mean() > 0.5


def test_a_refused_centre_is_a_row_with_its_reason(planted: pd.DataFrame) -> None:
    refused = planted[planted["model"] == "refuse"]
    assert refused["value"].isna().all()
    assert refused["reason"].str.contains("was not seen in training; unseen: pooled").all()


def test_centres_that_differ_in_location_alone_are_ranked_about_the_same() -> None:
    """A linear score moves by one number for all patients of a centre."""
    mean = scored([multicentre(seed, spread=0.0) for seed in range(4)]).groupby("model")["value"].mean()
    assert abs(mean["own"] - mean["pooled"]) < 0.01
