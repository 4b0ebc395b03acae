"""Noise gives one half, planted signal is found: safe, and not safe because broken."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tasks.modelling.evaluation.evaluate import evaluate

SPLIT = [{"kind": "nested", "folds": 3, "repeats": 1}]
MODELS = {
    "binary": ["lasso_logistic", "svm", {"kind": "random_forest", "trees": 30}],
    "survival": ["coxnet", "cox", {"kind": "survival_forest", "trees": 30}],
}


def means(task: str, seeds: int, make_design: Any, make_study: Any, models: Any, **knobs: Any) -> dict[str, float]:
    found: dict[str, list[float]] = {}
    for seed in range(seeds):
        design = make_design(task, seed=100 + seed, centres=2, **knobs)
        study = make_study(models=models, splits=SPLIT, bootstrap=2, seed=seed)
        for score in evaluate(design, study).scores:
            if score.blocks == "radiomics":
                assert score.value is not None, score.reason
                found.setdefault(f"{score.model} {score.metric}", []).append(score.value)
    return {name: float(np.mean(values)) for name, values in found.items()}


@pytest.mark.slow
@pytest.mark.parametrize("task", ["binary", "survival"])
def test_noise_over_twenty_seeds_gives_one_half(task: str, make_design: Any, make_study: Any) -> None:
    found = means(task, 20, make_design, make_study, MODELS[task], n=60, p=400, signal=0.0)
    assert all(abs(value - 0.5) <= 0.07 for value in found.values()), found


@pytest.mark.slow
@pytest.mark.parametrize("task", ["binary", "survival"])
def test_planted_signal_is_found(task: str, make_design: Any, make_study: Any) -> None:
    found = means(task, 1, make_design, make_study, MODELS[task], n=80, p=50, signal=3.0)
    assert all(value >= 0.7 for value in found.values()), found
