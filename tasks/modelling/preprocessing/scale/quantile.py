"""Places among the training values, as a normal or a uniform distribution."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np
from pydantic import Field, PositiveInt

from features.core.kinds.compared import Compared
from tasks.modelling.preprocessing.quantiles import known_quantiles
from tasks.modelling.preprocessing.step import FittedStep, Stage, Step
from tasks.modelling.rows import Floats, Rows
from tasks.modelling.target import Target

Output = Literal["normal", "uniform"]


class Quantile(Step):
    """A value becomes its place among the training values of its column, 0 to 1, or the normal quantile of that place.

    Only the order of values counts: skewness and outliers are gone, and so are distances. Between training values places are
    linear; beyond them a value has the place of the last. Places of the ends are half a training case from 0 and 1: scikit-learn,
    whose QuantileTransformer this is otherwise, sets them 5.2 standard deviations out, however few cases there are. Missing
    values stay missing.
    """

    kind: Literal["quantile"] = "quantile"
    compared: ClassVar[Compared] = Compared(
        "QuantileTransformer of scikit-learn on WORC-Lipo", "1e-9", "tasks/modelling/preprocessing/scale/test_scale.py"
    )
    stage: ClassVar[Stage] = "scale"

    output: Output = Field("normal", description="distribution of the training values afterwards")
    quantiles: PositiveInt = Field(1000, ge=2, description="at most so many training values are remembered of a column")

    def fit(self, rows: Rows, target: Target, seed: int) -> FittedStep:  # noqa: ARG002 (nothing else in it)
        """Raises FitError for a column without any training value."""
        shares = np.linspace(0.0, 1.0, max(2, min(self.quantiles, len(rows))))
        values = np.maximum.accumulate(known_quantiles(self.kind, rows, shares), axis=0)  # rounding
        return FittedQuantile(values, shares, 0.5 / max(1, len(rows)), self.output)


@dataclass(frozen=True, eq=False)
class FittedQuantile(FittedStep):
    """values: (k, p) at shares (k,). end: how far from 0 and 1 places stay."""

    values: Floats
    shares: Floats
    end: float
    output: Output

    def apply(self, rows: Rows) -> Rows:
        """A value that several shares have takes the middle of them."""
        places = np.empty_like(rows.X)
        for j, values in enumerate(self.values.T):
            column = rows.X[:, j]
            upper = np.interp(column, values, self.shares)
            lower = np.interp(-column, -values[::-1], -self.shares[::-1])
            places[:, j] = (upper - lower) / 2
        if self.output == "uniform":
            return rows.with_values(places)
        from scipy.special import ndtri

        return rows.with_values(ndtri(np.clip(places, self.end, 1.0 - self.end)))
