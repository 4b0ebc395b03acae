"""Mean 0, standard deviation 1."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np

from tasks.modelling.preprocessing.step import FittedStep, Stage, Step
from tasks.modelling.rows import Floats, Rows
from tasks.modelling.target import Target


class Zscore(Step):
    """Columns less their training mean, divided by their training standard deviation (of the population: ddof 0)."""

    kind: Literal["zscore"] = "zscore"
    stage: ClassVar[Stage] = "scale"

    def fit(self, rows: Rows, target: Target, seed: int) -> FittedZscore:  # noqa: ARG002 (nothing else in it)
        spread = rows.X.std(axis=0)
        return FittedZscore(rows.X.mean(axis=0), np.where(spread > 0, spread, 1.0))


@dataclass(frozen=True, eq=False)
class FittedZscore(FittedStep):
    """mean, spread: (p,)."""

    mean: Floats
    spread: Floats

    def apply(self, rows: Rows) -> Rows:
        return rows.with_values((rows.X - self.mean) / self.spread)
