"""Small synthetic designs with knobs (signal, missing cells, useless columns, several centres), and studies of them."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
import pandas as pd

from features.core.design import Design
from features.core.kinds.endpoint import BinaryEndpoint, SurvivalEndpoint
from tasks.modelling.evaluation.study import Study


def make_design(
    task: Literal["binary", "survival"] = "binary",
    *,
    n: int = 48,
    p: int = 20,
    signal: float = 1.5,
    seed: int = 0,
    nan: float = 0.05,
    centres: int = 3,
) -> Design:
    """X: clinical_age and _stage, region_volume_ml, radiomics_0.. (0 carries the signal) and three useless columns."""
    rng = np.random.default_rng(seed)
    values = rng.normal(size=(n, p))
    risk = signal * values[:, 0]
    cells = values.copy()
    cells[rng.random(cells.shape) < nan] = np.nan
    columns: dict[str, Any] = {f"radiomics_{i}": cells[:, i] for i in range(p)}
    columns |= {"clinical_age": rng.normal(60, 9, n), "clinical_stage": rng.integers(1, 4, n).astype(float)}
    columns |= {"region_volume_ml": rng.lognormal(3, 1, n)}
    columns |= {"radiomics_constant": np.ones(n), "radiomics_empty": np.full(n, np.nan)}
    columns |= {"radiomics_double": columns["radiomics_0"].copy()}
    X = pd.DataFrame(columns, index=[f"toy:p{i}" for i in range(n)])
    blocks = {column: column.split("_")[0] for column in X.columns}
    patients = np.array([f"p{i}" for i in range(n)])
    centre = np.array([f"centre{i % centres}" for i in range(n)])
    if task == "binary":
        y: Any = risk + rng.logistic(size=n) > 0.2
        return Design(X, blocks, y, BinaryEndpoint(column="response"), patients, centre)
    y = np.empty(n, dtype=[("event", bool), ("time", np.float64)])
    time, censored = rng.exponential(500 * np.exp(-risk)), rng.exponential(1200, n)
    y["event"], y["time"] = time <= censored, np.ceil(np.minimum(time, censored))
    return Design(X, blocks, y, SurvivalEndpoint(time="days", event="died"), patients, centre)


def make_study(**changes: Any) -> Study:
    """A study of such a design with few candidates, which are fast; each key of a study may be another."""
    settings: dict[str, Any] = {
        "name": "toy",
        "cohorts": ["toy"],
        "endpoint": "response",
        "blocks": {"radiomics": ["radiomics"]},
        "models": [{"kind": "lasso_logistic", "k": [5, 10], "C": [0.3]}],
        "splits": [{"kind": "nested", "folds": 3, "repeats": 1}, "centre_out"],
        "bootstrap": 200,
    }
    return Study.model_validate({**settings, **changes})
