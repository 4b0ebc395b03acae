"""Mean 0, standard deviation 1."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, PositiveFloat

from features.core.kinds.compared import Compared
from tasks.modelling.linear import Linear, unscaled
from tasks.modelling.preprocessing.step import FittedStep, Stage, Step
from tasks.modelling.rows import Columns, Floats, Names, Rows
from tasks.modelling.target import Target

_TWENTIETH = 20  # one value in so many is left out at either end before the spread of a column is judged
_ABSURD = 1e6  # spreads beyond the rest: no measurement, in any unit
_SQUARED = 1e140  # beyond, or below one over this, squares overflow or vanish


class Zscore(Step):
    """Columns less their training mean, divided by their training standard deviation (of the population: ddof 0).

    limit: values that lie farther from the mean than so many standard deviations count as so many, in training and test rows.
    Absurd values (1e300, a code for what was not measured) are no measurements: they are left out of mean and standard
    deviation, or all others would be equal, and count as the mean, or one case would decide every score. Absurd is what lies a
    million spreads beyond the rest; the spread is the range of the column without a twentieth at either end or, where that
    is 0, the median distance of the other values from it. Both are counted among the remarks.
    Missing values stay missing. Finite for whatever is finite.
    """

    kind: Literal["zscore"] = "zscore"
    compared: ClassVar[Compared] = Compared(
        "mean and standard deviation of numpy", "1e-9", "tasks/modelling/preprocessing/scale/test_zscore.py"
    )
    stage: ClassVar[Stage] = "scale"

    limit: PositiveFloat = Field(
        20.0,
        title="Limit",
        description="values farther from the mean than so many standard deviations count as so many",
    )

    def fit(self, rows: Rows, target: Target, seed: int) -> FittedZscore:  # noqa: ARG002 (nothing else in it)
        ordered = np.sort(rows.X.T, axis=1)  # missing values come last
        known = len(rows) - np.isnan(ordered).sum(axis=1)
        low, high = _fences(ordered, known)
        whole = (known == len(rows)).all() and (ordered[:, 0] >= low).all() and (ordered[:, -1] <= high).all()
        values = rows.X
        mean, spread = _moments(values, None if whole else (values >= low) & (values <= high))
        return FittedZscore(rows.columns.names, mean, np.where(spread > 0, spread, 1.0), low, high, self.limit)


@dataclass(frozen=True, eq=False)
class FittedZscore(FittedStep):
    """names: of the columns. mean, spread: (p,). low, high: (p,), beyond which values are absurd. limit: in spreads."""

    names: Names
    mean: Floats
    spread: Floats
    low: Floats
    high: Floats
    limit: float

    def apply(self, rows: Rows) -> Rows:
        scaled = self._scaled(rows)
        if not self._all_usual(scaled):
            scaled = np.where(self._absurd(rows), 0.0, np.clip(scaled, -self.limit, self.limit))
        return rows.with_values(scaled)

    def remarks(self, rows: Rows) -> Counter[str]:
        scaled = self._scaled(rows)
        if self._all_usual(scaled):
            return Counter()
        absurd = self._absurd(rows)
        far = int(((np.abs(scaled) > self.limit) & ~absurd).sum())
        said = f"{self.limit:g} standard deviations from the training mean"
        found = Counter({f"values more than {said} count as {self.limit:g}": far})
        for column in np.flatnonzero(absurd.any(axis=0)):
            found[f"{self.names[column]}: absurd values count as the training mean"] = int(absurd[:, column].sum())
        return +found

    def undo(self, score: Linear, columns: Columns) -> Linear:
        return unscaled(score, columns, self.mean, self.spread)

    @cached_property
    def _usual(self) -> float:
        """Within so many standard deviations nothing is absurd in any column, nor beyond the limit."""
        with np.errstate(over="ignore"):
            fences = np.minimum(self.mean - self.low, self.high - self.mean) / self.spread
        return float(np.min(fences, initial=self.limit))

    def _all_usual(self, scaled: Floats) -> bool:
        """Whether all values are known and neither far off nor absurd."""
        least, most = scaled.min(initial=0.0), scaled.max(initial=0.0)  # NaN if a value is missing
        return bool(least >= -self._usual and most <= self._usual)

    def _absurd(self, rows: Rows) -> NDArray[np.bool_]:
        values = rows.X
        return np.asarray((values < self.low) | (values > self.high))

    def _scaled(self, rows: Rows) -> Floats:
        with np.errstate(over="ignore"):  # what is infinite is beyond the limit
            scaled = rows.X - self.mean
            scaled /= self.spread
        return scaled


def _fences(ordered: Floats, known: NDArray[np.intp]) -> tuple[Floats, Floats]:
    """The lowest and highest value of each column that is not absurd, (p,) each. ordered: (p, n), of which so many are known."""
    column, cut = np.arange(len(ordered)), np.maximum(known // _TWENTIETH, 1)
    low = ordered[column, np.minimum(cut, known // 2)]
    high = ordered[column, np.maximum(known - 1 - cut, (known - 1) // 2)]
    low, high = np.minimum(low, high), np.maximum(low, high)
    with np.errstate(over="ignore"):
        spread = high - low
        narrow = np.flatnonzero(spread == 0)
        if len(narrow):
            distance = np.abs(ordered[narrow] - low[narrow, None])
            others = np.sort(np.where(distance > 0, distance, np.nan), axis=1)
            count = ordered.shape[1] - np.isnan(others).sum(axis=1)
            spread[narrow] = np.where(count > 0, others[np.arange(len(narrow)), np.maximum(count - 1, 0) // 2], 0.0)
        reach = _ABSURD * spread
        return low - reach, high + reach


def _moments(X: Floats, ordinary: NDArray[np.bool_] | None) -> tuple[Floats, Floats]:
    """Mean and standard deviation of the ordinary values of each column (None: all), (p,) each, without overflow on the way."""
    X = X if ordinary is None else np.where(ordinary, X, 0.0)
    size = np.maximum(X.max(axis=0), -X.min(axis=0))
    if ((size > 1 / _SQUARED) & (size < _SQUARED)).all():
        return _plain_moments(X, ordinary)
    exponent = np.frexp(size)[1]  # powers of two: nothing is rounded
    mean, spread = _plain_moments(np.ldexp(X, -exponent), ordinary)
    return np.ldexp(mean, exponent), np.ldexp(spread, exponent)


def _plain_moments(X: Floats, ordinary: NDArray[np.bool_] | None) -> tuple[Floats, Floats]:
    if ordinary is None:
        return X.mean(axis=0), X.std(axis=0)
    count = ordinary.sum(axis=0)
    with np.errstate(invalid="ignore"):  # a column without any value has no mean
        mean = X.sum(axis=0) / count
        return mean, np.sqrt(((X - mean) ** 2).sum(axis=0, where=ordinary) / count)
