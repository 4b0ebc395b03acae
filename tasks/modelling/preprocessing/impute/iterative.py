"""Regressions of each column on those most like it, round after round."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, PositiveFloat, PositiveInt

from features.core.kinds.compared import Compared
from tasks.modelling.linear import Linear
from tasks.modelling.preprocessing.clean.correlation.pairs import pair_correlations
from tasks.modelling.preprocessing.standard import Standard
from tasks.modelling.preprocessing.step import FittedStep, Stage, Step
from tasks.modelling.rows import Columns, Floats, Rows
from tasks.modelling.target import Target

_SETTLED = 1e-3  # spreads: no value moved farther in the last round
Positions = NDArray[np.intp]


class Iterative(Step):
    """A missing value becomes what a ridge regression on other columns tells, which are filled in the same way, in turns.

    Columns are standardised; missing values begin at the mean. In each round every column that training rows lack, those with
    fewest first, is regressed on the `predictors` columns of highest |r| with it, over the rows that have it. Rounds end when no
    value moves by more than a thousandth of a standard deviation, or at `rounds`. What is told is not carried beyond the lowest and
    highest training value. Columns that only test rows lack take the training mean. One value stands for each missing one:
    that it is uncertain, scores do not say (single imputation). As IterativeImputer of scikit-learn with Ridge, which takes
    all other columns; van Buuren & Groothuis-Oudshoorn, J Stat Softw 2011;45:3. It takes a second for about 10,000 columns ×
    rounds.
    """

    kind: Literal["iterative"] = "iterative"
    compared: ClassVar[Compared] = Compared(
        "IterativeImputer of scikit-learn on WORC-Lipo", "1e-7", "tasks/modelling/preprocessing/impute/test_impute.py"
    )
    stage: ClassVar[Stage] = "impute"
    takes_missing: ClassVar[bool] = True
    of_missing: ClassVar[bool] = True

    predictors: PositiveInt = Field(10, description="how many other columns tell a missing value")
    rounds: PositiveInt = Field(10, description="rounds at most")
    penalty: PositiveFloat = Field(
        1.0, description="of the squares of the coefficients, beside the sum of squared errors"
    )

    @property
    def fills(self) -> bool:
        return True

    def fit(self, rows: Rows, target: Target, seed: int) -> FittedStep:  # noqa: ARG002 (nothing random in it)
        """Raises FitError for a column without any training value, and for infinite ones."""
        standard = Standard.of(self.kind, rows)
        Z = standard.scaled(rows.X)
        missing = np.isnan(Z)
        low, high = np.fmin.reduce(Z, axis=0), np.fmax.reduce(Z, axis=0)
        targets = _in_turn(missing, rows.columns.names)
        sources = _sources(Z, targets, self.predictors)
        T = np.ascontiguousarray(np.where(missing, 0.0, Z).T)  # a column's values side by side
        there = np.ascontiguousarray(~missing.T, dtype=np.float64)
        coefficients: list[Floats] = []
        intercepts: list[Floats] = []
        moved = 0.0
        for _ in range(self.rounds if len(targets) and sources.shape[1] else 0):
            slopes, bases, moved = np.empty(sources.shape), np.empty(len(targets)), 0.0
            for place, (j, own) in enumerate(zip(targets, sources, strict=True)):
                X, lacking = T[own], missing[:, j]
                slopes[place], bases[place] = _ridge(X, T[j], there[j], self.penalty)
                told = np.clip(slopes[place] @ X[:, lacking] + bases[place], low[j], high[j])
                moved = max(moved, float(np.abs(told - T[j, lacking]).max()))
                T[j, lacking] = told
            coefficients.append(slopes)
            intercepts.append(bases)
            if moved < _SETTLED:
                break
        shape = (len(coefficients), *sources.shape)
        return FittedIterative(
            standard.mean,
            standard.spread,
            low,
            high,
            targets,
            sources,
            np.array(coefficients).reshape(shape),
            np.array(intercepts).reshape(shape[:2]),
            moved,
        )


@dataclass(frozen=True, eq=False)
class FittedIterative(FittedStep):
    """mean, spread, low, high: (p,), the last two in spreads. targets: (t,) columns in turn; sources: (t, q) what tells them.

    coefficients: (rounds, t, q), intercepts: (rounds, t). moved: how far a value moved in the last round, in spreads.
    """

    mean: Floats
    spread: Floats
    low: Floats
    high: Floats
    targets: Positions
    sources: Positions
    coefficients: Floats
    intercepts: Floats
    moved: float

    def apply(self, rows: Rows) -> Rows:
        missing = np.isnan(rows.X)
        if not missing.any():
            return rows
        standard = Standard(self.mean, self.spread)
        Z = np.where(missing, 0.0, standard.scaled(rows.X))
        turns = [(t, int(j), np.flatnonzero(missing[:, j])) for t, j in enumerate(self.targets)]
        turns = [one for one in turns if len(one[2])]
        for slopes, bases in zip(self.coefficients, self.intercepts, strict=True):
            for t, j, own in turns:
                told = (Z[np.ix_(own, self.sources[t])] * slopes[t]).sum(axis=1) + bases[t]
                Z[own, j] = np.clip(told, self.low[j], self.high[j])
        return rows.with_values(np.where(missing, standard.back(Z), rows.X))

    def undo(self, score: Linear, columns: Columns) -> Linear:  # noqa: ARG002 (known values stay as they are)
        return score

    def notes(self) -> Counter[str]:
        said = "iterative: values of training rows still moved in the last round"
        return Counter({said: 1} if self.moved >= _SETTLED else {})


def _in_turn(missing: NDArray[np.bool_], names: NDArray[np.str_]) -> Positions:
    """Columns that some rows lack, those with fewest first, then by name."""
    count = missing.sum(axis=0)
    order = np.lexsort((names, count))
    return np.asarray(order[count[order] > 0])


def _sources(Z: Floats, targets: Positions, most: int) -> Positions:
    """Of each target the columns of highest |r| with it, (t, q), ascending."""
    p = Z.shape[1]
    found = np.empty((len(targets), min(most, p - 1)), np.intp)
    if not found.size:
        return found
    r = pair_correlations(Z, "pearson")[targets]
    r[np.arange(len(targets)), targets] = -1.0
    found[:] = np.sort(np.argsort(-r, axis=1, kind="stable")[:, : found.shape[1]], axis=1)
    return found


def _ridge(X: Floats, y: Floats, counts: Floats, penalty: float) -> tuple[Floats, float]:
    """Coefficients and intercept, which is not penalised. X: (q, n). y, counts: (n,), the latter 1 for rows that count, else 0."""
    n = counts.sum()
    used, own = X * counts, y * counts
    middle, mean = used.sum(axis=1) / n, own.sum() / n
    gram = used @ X.T - n * np.outer(middle, middle)
    gram.flat[:: len(gram) + 1] += penalty
    slope = np.linalg.solve(gram, used @ y - n * middle * mean)
    return slope, float(mean - middle @ slope)
