"""Powers that make columns as normal as powers can."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np
from pydantic import Field, PositiveFloat

from features.core.kinds.compared import Compared
from tasks.modelling.preprocessing.limited import FittedLimited
from tasks.modelling.preprocessing.quantiles import known_quantiles
from tasks.modelling.preprocessing.scale.power.likeliest import likeliest_powers, transformed
from tasks.modelling.preprocessing.scale.robust import spread_of
from tasks.modelling.preprocessing.step import FittedStep, Stage, Step
from tasks.modelling.rows import Floats, Rows
from tasks.modelling.target import Target

_FAR = 1e3  # interquartile ranges: what lies beyond counts as so far


class YeoJohnson(Step):
    """Columns are transformed by the power that makes their training values most normal, then to mean 0, standard deviation 1.

    Before, the median is taken from a column and it is divided by its interquartile range, so that its unit decides nothing; then
    λ of the Yeo-Johnson transformation is the likeliest between −5 and 5. Missing values stay missing. As PowerTransformer of
    scikit-learn after RobustScaler, all columns at once. Yeo & Johnson, Biometrika 2000;87:954.
    """

    kind: Literal["yeo_johnson"] = "yeo_johnson"
    compared: ClassVar[Compared] = Compared(
        "PowerTransformer of scikit-learn on WORC-Lipo", "2e-4", "tasks/modelling/preprocessing/scale/test_scale.py"
    )
    stage: ClassVar[Stage] = "scale"

    limit: PositiveFloat = Field(
        20.0,
        title="Limit",
        description="values farther from the mean than so many standard deviations count as so many",
    )

    def fit(self, rows: Rows, target: Target, seed: int) -> FittedStep:  # noqa: ARG002 (nothing else in it)
        """Raises FitError for a column without any training value."""
        low, middle, high = known_quantiles(self.kind, rows, np.array([0.25, 0.5, 0.75]))
        spread = spread_of(rows.X, middle, high - low)
        X = _in_spreads(rows.X, middle, spread)
        power = likeliest_powers(X)
        made = transformed(X, power)
        known = ~np.isnan(made)
        count = np.maximum(known.sum(axis=0), 1)
        mean = np.where(known, made, 0.0).sum(axis=0) / count
        deviation = np.sqrt((np.where(known, made - mean, 0.0) ** 2).sum(axis=0) / count)
        return FittedYeoJohnson(
            self.limit,
            middle,
            spread,
            power,
            mean,
            np.where(deviation > 1e-9 * np.maximum(np.abs(mean), 1.0), deviation, 1.0),
        )


@dataclass(frozen=True, eq=False)
class FittedYeoJohnson(FittedLimited):
    """middle, spread: before; power: λ; mean, deviation: after; (p,) each."""

    middle: Floats
    spread: Floats
    power: Floats
    mean: Floats
    deviation: Floats

    in_words: ClassVar[str] = "standard deviations from the training mean"

    def scaled(self, X: Floats) -> Floats:
        made = transformed(_in_spreads(X, self.middle, self.spread), self.power)
        return np.asarray((made - self.mean) / self.deviation)


def _in_spreads(X: Floats, middle: Floats, spread: Floats) -> Floats:
    with np.errstate(over="ignore"):
        return np.asarray(np.clip((X - middle) / spread, -_FAR, _FAR))
