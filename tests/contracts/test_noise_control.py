"""Noise gives one half, planted signal is found: safe, and not safe because broken."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from features.core.design import Design
from tasks.modelling.evaluation.evaluate import evaluate
from tasks.modelling.models.model import MODELS
from tests.support.design import make_design, make_study
from tests.support.kinds import small_model

SPLIT = [{"kind": "nested", "folds": 3, "repeats": 1}]
TASKS = sorted({MODELS.load(kind).task for kind in MODELS.modules})


def means(task: str, seeds: int, **knobs: Any) -> dict[str, float]:
    """The mean over seeds of every metric of every model for this task."""
    models = [small_model(kind, trees=30) for kind in MODELS.modules if MODELS.load(kind).task == task]
    found: dict[str, list[float]] = {}
    for seed in range(seeds):
        design = _radiomics_alone(make_design(task, seed=100 + seed, centres=2, **knobs))
        study = make_study(models=models, splits=SPLIT, bootstrap=2, seed=seed)
        for score in evaluate(design, study).scores:
            assert score.value is not None, score.reason
            found.setdefault(f"{score.model} {score.metric}", []).append(score.value)
    return {name: float(np.mean(values)) for name, values in found.items()}


def _radiomics_alone(design: Design) -> Design:
    """Without the columns of the baselines, which would be fitted too."""
    columns = design.columns("radiomics")
    return replace(design, X=design.X[columns], blocks=dict.fromkeys(columns, "radiomics"))


@pytest.mark.slow
@pytest.mark.parametrize("task", TASKS)
def test_noise_over_twenty_seeds_gives_one_half(task: str) -> None:
    found = means(task, 20, n=60, p=400, signal=0.0)
    assert all(abs(value - 0.5) <= 0.07 for value in found.values()), found


@pytest.mark.slow
@pytest.mark.parametrize("task", TASKS)
def test_planted_signal_is_found(task: str) -> None:
    found = means(task, 1, n=80, p=50, signal=3.0)
    assert all(value >= 0.7 for value in found.values()), found
