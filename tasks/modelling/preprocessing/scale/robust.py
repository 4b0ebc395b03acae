"""Median 0, interquartile range 1."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np
from pydantic import Field, PositiveFloat

from features.core.kinds.compared import Compared
from tasks.modelling.linear import Linear, unscaled
from tasks.modelling.preprocessing.limited import FittedLimited
from tasks.modelling.preprocessing.quantiles import known_quantiles
from tasks.modelling.preprocessing.step import FittedStep, Stage, Step
from tasks.modelling.rows import Columns, Floats, Rows
from tasks.modelling.target import Target


class Robust(Step):
    """Columns less their training median, divided by their training interquartile range: outliers move neither.

    Where the quartiles are equal, as of a flag that few cases have, the standard deviation stands for their distance. Missing
    values stay missing. As RobustScaler of scikit-learn, but for equal quartiles and the limit.
    """

    kind: Literal["robust"] = "robust"
    compared: ClassVar[Compared] = Compared(
        "RobustScaler of scikit-learn on WORC-Lipo", "1e-9", "tasks/modelling/preprocessing/scale/test_scale.py"
    )
    stage: ClassVar[Stage] = "scale"

    limit: PositiveFloat = Field(
        20.0,
        title="Limit",
        description="values farther from the median than so many interquartile ranges count as so many",
    )

    def fit(self, rows: Rows, target: Target, seed: int) -> FittedStep:  # noqa: ARG002 (nothing else in it)
        """Raises FitError for a column without any training value."""
        low, middle, high = known_quantiles(self.kind, rows, np.array([0.25, 0.5, 0.75]))
        return FittedRobust(self.limit, middle, spread_of(rows.X, middle, high - low))


@dataclass(frozen=True, eq=False)
class FittedRobust(FittedLimited):
    """middle, spread: (p,)."""

    middle: Floats
    spread: Floats

    in_words: ClassVar[str] = "interquartile ranges from the training median"

    def scaled(self, X: Floats) -> Floats:
        with np.errstate(over="ignore"):  # what is infinite is beyond the limit
            return np.asarray((X - self.middle) / self.spread)

    def undo(self, score: Linear, columns: Columns) -> Linear:
        return unscaled(score, columns, self.middle, self.spread)


def spread_of(X: Floats, middle: Floats, spread: Floats) -> Floats:
    """The spread (p,); where it is 0, the standard deviation about the middle, and where that is 0 too, 1."""
    for j in np.flatnonzero(spread == 0):
        off = X[~np.isnan(X[:, j]), j] - middle[j]
        size = np.abs(off).max(initial=0.0)
        spread[j] = size * np.sqrt(((off / size) ** 2).mean()) if size > 0 else 1.0
    return spread
