"""Public tables of follow-up as arrays, for tests that compare with other programs on them."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from features.core.outcome import Outcome
from tasks.modelling.rows import Rows
from tasks.modelling.target import Target
from tests.support.design import ANY_ENDPOINT, make_rows


class Followed(NamedTuple):
    """Columns (n, p), standardised, events and days (n,)."""

    X: NDArray[np.float64]
    event: NDArray[np.bool_]
    days: NDArray[np.float64]

    @property
    def rows(self) -> Rows:
        return make_rows({f"c{i}": column for i, column in enumerate(self.X.T)})

    @property
    def target(self) -> Target:
        return Target(Outcome.of_days(self.event, self.days), ANY_ENDPOINT["survival"])


def nki70(folder: Path) -> Followed:
    """144 patients with breast cancer, 70 genes and age, 48 events; years are called days."""
    table = pd.read_csv(folder / "genomic-survival" / "nki70_breast_144x77.csv")
    return _followed(table.iloc[:, 6:], table["event"], table["time"])


def vdv(folder: Path, columns: int) -> Followed:
    """78 patients with breast cancer, the first columns of 4,705 genes, 34 events."""
    table = pd.read_csv(folder / "genomic-survival" / "vdv_breast_78x4707.csv.gz")
    return _followed(table.iloc[:, 2 : 2 + columns], table["Censoring"], table["Time"])


def head_neck(folder: Path) -> tuple[Rows, Target]:
    """300 patients of four centres with age and stages; distant metastasis is of interest, death without it competes."""
    table = pd.read_csv(folder / "headneck-4centres" / "clinical_outcome.csv")
    columns = ["age", "t_stage", "n_stage"]
    table = table.dropna(subset=columns)
    distant, died = table["distant_event"].to_numpy() == 1, table["death_event"].to_numpy() == 1
    code = np.where(distant, 1, np.where(died, 2, 0))
    days = np.where(distant, table["distant_days"], table["death_days"]).astype(float)
    X = _standardised(table[columns].to_numpy(float))
    outcome = Outcome(code, np.maximum(days, 1.0), levels=("none", "distant", "death"))
    return make_rows(dict(zip(columns, X.T, strict=True))), Target(outcome, ANY_ENDPOINT["competing_risks"])


def _followed(X: pd.DataFrame, event: pd.Series, days: pd.Series) -> Followed:
    return Followed(_standardised(X.to_numpy(float)), event.to_numpy() == 1, days.to_numpy(float))


def _standardised(X: NDArray[np.float64]) -> NDArray[np.float64]:
    found: NDArray[np.float64] = (X - X.mean(axis=0)) / X.std(axis=0)
    return found
