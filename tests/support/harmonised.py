"""ComBat in the variants that other programs have too, as a function of a table: for golden values and their benchmark."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from features.core.outcome import Outcome
from tasks.modelling.preprocessing.step import STEPS
from tasks.modelling.rows import Columns, Rows
from tasks.modelling.target import Target
from tests.support.design import BINARY

VARIANTS: dict[str, dict[str, Any]] = {
    "parametric": {"kind": "combat"},
    "covariates": {"kind": "combat", "covariates": ["stage", "age"]},
    "reference": {"kind": "combat", "reference": "B"},
    "reference_covariates": {"kind": "combat", "reference": "B", "covariates": ["age"]},
    "non_parametric": {"kind": "combat", "method": "non_parametric"},
    "location_scale": {"kind": "location_scale"},
}


def rows_of(X: Any, centres: Any, covariates: Mapping[str, Any] | None = None, block: str = "radiomics") -> Rows:
    """Rows of values (n, p) and names of centres (n,)."""
    X = np.asarray(X, np.float64)
    names = np.array([f"{block}_{i}" for i in range(X.shape[1])])
    known = {name: np.asarray(values, np.float64) for name, values in (covariates or {}).items()}
    return Rows(X, Columns(names, np.full(len(names), block)), {"centre": np.asarray(centres, np.str_)}, known)


def any_target(n: int) -> Target:
    """An outcome in which harmonisers have no interest."""
    return Target(Outcome.of_flag(np.arange(n) % 2 == 0), BINARY)


def harmonised(X: Any, centres: Any, covariates: Mapping[str, Any], train: NDArray[np.bool_], variant: str) -> Any:
    """All rows, harmonised by what the training rows say, (n, p)."""
    rows = rows_of(X, centres, covariates)
    own = rows.take(np.flatnonzero(train))
    return STEPS.parse(VARIANTS[variant]).fit(own, any_target(len(own)), 0).apply(rows).X
