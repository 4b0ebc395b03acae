"""LASSO regressions beside what is known already: of yes and no, of a number, of follow-up; and the penalty that folds choose."""

from __future__ import annotations

import warnings
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from features.core.kinds.endpoint import Predicted
from features.core.outcome import Outcome
from tasks.modelling.solvers.lasso_cox_path import largest_cox_penalty, lasso_cox_path
from tasks.modelling.solvers.lasso_logistic_path import intercept_beside, lasso_logistic_path

Floats = NDArray[np.float64]
Ints = NDArray[np.intp]

ROUGH, SHARP = 1e-4, 1e-7  # how far the conditions of an optimum may be violated in folds, and in what is kept
MOST_PASSES = 100_000
ROUNDING = 1e-9  # so that the first penalty keeps no column
SURE = 1e-5  # probabilities of held-out cases count as at least that far from 0 and 1, as in glmnet


class Answers(ABC):
    """What was seen of n cases. An offset, (n,), is a linear predictor that is known before any column."""

    @abstractmethod
    def __len__(self) -> int: ...

    @abstractmethod
    def take(self, rows: Ints) -> Answers:
        """Of some cases, by position."""

    @abstractmethod
    def largest(self, X: Floats, offset: Floats) -> float:
        """The smallest penalty that sets every coefficient to zero."""

    @abstractmethod
    def path(self, X: Floats, offset: Floats, penalties: Floats, tolerance: float) -> Floats:
        """Intercept (0 of follow-up) and coefficients at each penalty, falling, (penalties, 1 + p): least mean loss + penalty ×
        sum of sizes. Raises ValueError for cases of one kind alone, ArithmeticError without an optimum."""

    @abstractmethod
    def cost(self, told: Floats, train: Ints, test: Ints) -> tuple[Floats, float]:
        """Mean deviance of the test cases for each linear predictor of all cases, (k, n): (k,), and what it weighs."""


def answers_of(outcome: Outcome, predicted: Predicted) -> Answers:
    """predicted: risk or value; of follow-up events of interest count, others as censored."""
    if outcome.days is not None:
        return _Days(outcome.code == 1, outcome.days)
    return _Numbers(outcome.value) if predicted == "value" and outcome.value is not None else _Flags(outcome.flag)


@dataclass(frozen=True, eq=False)
class _Flags(Answers):
    flag: NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.flag)

    def take(self, rows: Ints) -> _Flags:
        return _Flags(self.flag[rows])

    def largest(self, X: Floats, offset: Floats) -> float:
        n, y = len(self.flag), self.flag.astype(np.float64)
        if not 0 < y.sum() < n:
            raise ValueError("a logistic regression needs cases of both classes")
        known = offset + intercept_beside(offset, y, np.full(n, 1.0 / n))
        return float(np.abs(X.T @ (y - _likely(known))).max(initial=0.0)) / n

    def path(self, X: Floats, offset: Floats, penalties: Floats, tolerance: float) -> Floats:
        ones = np.ones(len(self.flag))
        return lasso_logistic_path(X, self.flag, ones, penalties, tolerance=tolerance, offset=offset)

    def cost(self, told: Floats, train: Ints, test: Ints) -> tuple[Floats, float]:  # noqa: ARG002 (of follow-up alone)
        likely = np.clip(_likely(told[:, test]), SURE, 1.0 - SURE)
        lost = -2.0 * np.log(np.where(self.flag[test], likely, 1.0 - likely))
        return lost.mean(axis=1), float(len(test))


@dataclass(frozen=True, eq=False)
class _Numbers(Answers):
    value: Floats

    def __len__(self) -> int:
        return len(self.value)

    def take(self, rows: Ints) -> _Numbers:
        return _Numbers(self.value[rows])

    def largest(self, X: Floats, offset: Floats) -> float:
        left = self.value - offset
        return float(np.abs((X - X.mean(axis=0)).T @ (left - left.mean())).max(initial=0.0)) / len(left)

    def path(self, X: Floats, offset: Floats, penalties: Floats, tolerance: float) -> Floats:
        from sklearn.exceptions import ConvergenceWarning
        from sklearn.linear_model import lasso_path

        left, centre = self.value - offset, X.mean(axis=0)
        spread = float(left.std()) or 1.0  # so that the tolerance means the same in every unit
        goal, table = (left - left.mean()) / spread, np.asfortranarray(X - centre)
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("error", ConvergenceWarning)
                found = lasso_path(table, goal, alphas=penalties / spread, tol=tolerance, max_iter=MOST_PASSES)
        except ConvergenceWarning as error:
            raise ArithmeticError(
                f"LASSO: not at its optimum after {MOST_PASSES} passes at the penalty {penalties[-1]:.3g}"
            ) from error
        weights = found[1].T * spread
        return np.column_stack([left.mean() - weights @ centre, weights])

    def cost(self, told: Floats, train: Ints, test: Ints) -> tuple[Floats, float]:  # noqa: ARG002 (of follow-up alone)
        return ((self.value[test] - told[:, test]) ** 2).mean(axis=1), float(len(test))


@dataclass(frozen=True, eq=False)
class _Days(Answers):
    event: NDArray[np.bool_]
    days: Floats

    def __len__(self) -> int:
        return len(self.event)

    def take(self, rows: Ints) -> _Days:
        return _Days(self.event[rows], self.days[rows])

    def largest(self, X: Floats, offset: Floats) -> float:
        return largest_cox_penalty(X, self.event, self.days, np.ones(len(X)), offset=offset)

    def path(self, X: Floats, offset: Floats, penalties: Floats, tolerance: float) -> Floats:
        ones = np.ones(len(X))
        found = lasso_cox_path(X, self.event, self.days, ones, penalties, tolerance=tolerance, offset=offset)
        return np.column_stack([np.zeros(len(found)), found])

    def cost(self, told: Floats, train: Ints, test: Ints) -> tuple[Floats, float]:
        """The deviance of all cases less that of those that train (Verweij & van Houwelingen 1993), by number of test events."""
        events = float(self.event[test].sum())
        if not events:
            return np.zeros(len(told)), 0.0
        part = self.take(train)
        return (self._deviance(told) - part._deviance(told[:, train])) / events, events

    def _deviance(self, told: Floats) -> Floats:
        """−2 × log partial likelihood, Breslow's ties, for each linear predictor, (k, n): (k,)."""
        order = np.argsort(self.days, kind="stable")
        event, days, told = self.event[order], self.days[order], told[:, order]
        highest = told.max(axis=1, keepdims=True)
        at_risk = np.cumsum(np.exp(told - highest)[:, ::-1], axis=1)[:, ::-1]
        first = np.searchsorted(days, days[event], side="left")
        return np.asarray(-2.0 * (told[:, event] - highest - np.log(at_risk[:, first])).sum(axis=1))


def _likely(odds: Floats) -> Floats:
    small = np.exp(-np.abs(odds))
    return np.asarray(np.where(odds >= 0.0, 1.0, small) / (1.0 + small))


@dataclass(frozen=True, eq=False)
class Beside:
    """A LASSO beside an offset. weights: (1 + p,) intercept and coefficients at the chosen penalty. told: (n,) its linear predictor
    of the cases, the offset among it; held_out: (n,) that of each case by the fold that it did not train. penalty: the chosen
    one; penalties, costs: (k,) those that were compared, and the mean deviance of held-out cases."""

    weights: Floats
    told: Floats
    held_out: Floats
    penalty: float
    penalties: Floats
    costs: Floats


def lasso_beside(
    X: Floats,
    answers: Answers,
    offset: Floats,
    folds: Sequence[tuple[Ints, Ints]],
    *,
    count: int,
    smallest: float,
    rule: Literal["best", "one_se"],
) -> Beside:
    """A LASSO with the penalty of the least deviance of held-out cases, or the largest within one standard error of that.

    X: (n, p). folds: who trains, who is held out, each case once. count: penalties from the largest, which keeps no column, to
    `smallest` of it, evenly on the logarithm. Raises what Answers.path raises. Friedman et al., J Stat Softw 2010;33:1.
    """
    wrong = int((~np.isfinite(X)).sum())
    if wrong:
        raise ValueError(f"infinite or missing values: {wrong} of {X.size}")
    largest = answers.largest(X, offset)
    penalties = (1.0 + ROUNDING) * (largest if largest > 0 else 1.0) * np.geomspace(1.0, smallest, count)
    fitted = [
        (train, test, answers.take(train).path(X[train], offset[train], penalties, ROUGH)) for train, test in folds
    ]
    each = []
    for train, test, path in fitted:
        told = offset + path[:, :1] + path[:, 1:] @ X.T
        each.append(answers.cost(told, train, test))
    costs, sizes = np.array([cost for cost, _ in each]), np.array([size for _, size in each])
    mean = np.average(costs, axis=0, weights=sizes)
    best = int(np.argmin(mean))
    if rule == "one_se":
        error = np.sqrt(np.average((costs - mean) ** 2, axis=0, weights=sizes) / (int((sizes > 0).sum()) - 1))
        best = int(np.flatnonzero(mean <= mean[best] + error[best])[0])
    weights = answers.path(X, offset, penalties[: best + 1], SHARP)[-1]
    held_out = offset.copy()
    for _, test, path in fitted:
        held_out[test] += path[best, 0] + X[test] @ path[best, 1:]
    told = offset + weights[0] + X @ weights[1:]
    return Beside(weights, told, held_out, float(penalties[best]), penalties, mean)
