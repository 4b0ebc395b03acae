"""Tables of radMLBench, as rows and a target."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from tasks.modelling.rows import Rows
from tasks.modelling.target import Target
from tests.support.design import make_rows, make_target


def read_radmlbench(
    public_data: Path, name: str, *, columns: int | None = None, missing: float = 0.0
) -> tuple[Rows, Target]:
    """The features of a table, or the first so many of them, that vary; of the cells this share is made missing."""
    table = pd.read_csv(public_data / "radmlbench" / f"{name}.csv.gz")
    features = table.drop(columns=["ID", "Target"]).astype(float)
    features = features.loc[:, features.std() > 1e-9].iloc[:, :columns]
    cells = features.to_numpy().copy()
    cells[np.random.default_rng(0).random(cells.shape) < missing] = np.nan
    return make_rows(dict(zip(features.columns, cells.T, strict=True))), make_target(table["Target"])
