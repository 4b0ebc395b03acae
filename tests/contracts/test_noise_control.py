"""Noise gives one half, planted signal is found: safe, and not safe because broken."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from features.core.design import Design
from tasks.modelling.evaluation.evaluate import evaluate
from tasks.modelling.metrics.metric import METRICS
from tasks.modelling.models.model import models_of
from tests.support.design import ANY_ENDPOINT, make_design, make_study
from tests.support.kinds import small_model

SPLIT = [{"kind": "nested", "folds": 3, "repeats": 1}]
WIDE = ("binary", "survival")  # the other kinds share their steps and models: fewer columns and trees show as much


def means(endpoint: str, seeds: int, *, trees: int = 30, **knobs: Any) -> dict[str, float]:
    """The mean over seeds of every metric of every model for this kind of endpoint."""
    models = [small_model(kind, trees=trees) for kind in models_of(endpoint)]
    found: dict[str, list[float]] = {}
    for seed in range(seeds):
        design = _radiomics_alone(make_design(endpoint, seed=100 + seed, centres=2, **knobs))
        study = make_study(models=models, splits=SPLIT, seed=seed)
        for score in evaluate(design, study).scores:
            assert score.value is not None, score.reason
            found.setdefault(f"{score.model} {score.metric}", []).append(score.value)
    return {name: float(np.mean(values)) for name, values in found.items()}


def _radiomics_alone(design: Design) -> Design:
    """Without the columns of the baselines, which would be fitted too."""
    columns = design.columns("radiomics")
    return replace(design, X=design.X[columns], blocks=dict.fromkeys(columns, "radiomics"))


@pytest.mark.slow
@pytest.mark.parametrize("endpoint", ANY_ENDPOINT)
def test_noise_over_twenty_seeds_gives_chance(endpoint: str) -> None:
    """R² alone falls below its 0: what was learnt of noise is worse than the mean."""
    p, trees = (400, 30) if endpoint in WIDE else (120, 10)
    found = means(endpoint, 20, trees=trees, n=60, p=p, signal=0.0)
    for name, value in found.items():
        metric = METRICS.parse(name.split()[1])
        assert metric.chance is not None
        lowest = -0.5 if metric.kind == "r2" else -0.07
        assert lowest <= value - metric.chance <= 0.07, found


@pytest.mark.slow
@pytest.mark.parametrize("endpoint", ANY_ENDPOINT)
def test_planted_signal_is_found(endpoint: str) -> None:
    found = means(endpoint, 1, n=80, p=50, signal=3.0)
    assert all(value >= 0.7 - (METRICS.load(name.split()[1]).chance == 0) * 0.3 for name, value in found.items()), found
