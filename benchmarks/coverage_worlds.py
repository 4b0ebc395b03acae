"""Simulated worlds of benchmarks/coverage.py: cases, a cheap learner, and how well its models do on cases without end."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from features.core.kinds.endpoint import Endpoint
from features.core.outcome import Outcome
from tasks.modelling.metrics.metric import METRICS, Metric, Scored
from tasks.modelling.prediction import Prediction
from tests.support.design import ANY_ENDPOINT

Floats = NDArray[np.float64]
Cases = tuple[Floats, Outcome]
INFORMATIVE, FRESH = 3, 400


@dataclass(frozen=True)
class World:
    """Normal columns, of which three move with the outcome by `effect`, and a learner.

    kind: of the endpoint. metric: that is measured. learner: "means" (weights are differences of means), "screen" (of the
    five columns that differ most), "best" (of one) or "ridge". columns: how many. lesions: rows of a patient, which are alike.
    """

    kind: str
    metric: str
    effect: float
    learner: str = "means"
    columns: int = 20
    lesions: int = 1

    @property
    def endpoint(self) -> Endpoint:
        return ANY_ENDPOINT[self.kind]

    @property
    def judge(self) -> Metric:
        return METRICS.parse(self.metric)

    def draw(self, rng: np.random.Generator, n: int, apart: Floats | float = 0.0) -> Cases:
        """(n, columns) and the outcome. apart: (columns,) what the effects of this centre are more than usual."""
        X = rng.normal(size=(n, self.columns))
        if self.lesions > 1:
            X += np.repeat(rng.normal(size=(-(-n // self.lesions), self.columns)), self.lesions, axis=0)[:n]
        effect = self.effect * (np.arange(self.columns) < INFORMATIVE) + apart
        if self.kind == "binary":
            label = rng.random(n) < 0.4
            return X + label[:, None] * effect, Outcome.of_flag(label)
        drive = X @ effect
        if self.kind == "continuous":
            return X, Outcome.of_value(drive + rng.normal(size=n))
        if self.kind == "ordinal":
            code = np.digitize(drive + rng.logistic(size=n), [-0.9, 0.9])
            return X, Outcome(code, levels=("low", "middle", "high"))
        if self.kind == "multiclass":
            code = (np.column_stack([drive, -drive, np.zeros(n)]) + rng.gumbel(size=(n, 3))).argmax(axis=1)
            return X, Outcome(code, levels=("round", "spiky", "diffuse"))
        time, censored = rng.exponential(500 * np.exp(-drive)), rng.exponential(700, n)
        return X, Outcome.of_days(time <= censored, np.minimum(time, censored))

    def fit(self, X: Floats, outcome: Outcome) -> Callable[[Floats], Prediction]:
        """What the learner makes of training cases."""
        if self.kind == "multiclass":
            levels = range(len(outcome.levels))
            means = np.column_stack([X[outcome.code == i].mean(axis=0) for i in levels])
            return lambda new: Prediction(probability=_shares(new @ means - (means**2).sum(axis=0) / 2))
        y = _residual(outcome)
        weight = (y - y.mean()) @ X / ((y - y.mean()) ** 2).sum()
        if self.learner in ("screen", "best"):
            kept = {"screen": 5, "best": 1}[self.learner]
            weight = np.where(np.abs(weight) >= np.sort(np.abs(weight))[-kept], weight, 0.0)
        if self.learner == "ridge" or self.kind in ("continuous", "ordinal"):
            centred = X - X.mean(axis=0)
            weight = np.linalg.solve(centred.T @ centred + 5 * np.eye(X.shape[1]), centred.T @ (y - y.mean()))
        if self.kind == "continuous":
            start = float(y.mean() - X.mean(axis=0) @ weight)
            return lambda new: Prediction(risk=new @ weight, value=start + new @ weight)
        if self.kind == "ordinal":
            own = X @ weight
            cuts = np.quantile(own, np.cumsum(np.bincount(outcome.code, minlength=3))[:2] / len(own))
            return lambda new: Prediction(risk=new @ weight, probability=np.eye(3)[np.digitize(new @ weight, cuts)])
        return lambda new: Prediction(risk=new @ weight)

    def scored(
        self,
        train: Cases,
        test: Cases,
        rows: NDArray[np.intp],
        *,
        centre: NDArray[np.str_] | None = None,
        repeat: int = 0,
    ) -> Scored:
        """A fold: a model of `train` predicts `test`. rows, centre: of the test cases."""
        own = np.full(len(rows), "") if centre is None else centre
        return Scored(rows, test[1], self.fit(*train)(test[0]), train[1], self.endpoint, own, repeat)

    def truth(self, rng: np.random.Generator, train: Cases, fresh: int = FRESH) -> float:
        """The metric of a model of these cases on so many fresh ones."""
        value = self.judge.value([self.scored(train, self.draw(rng, fresh), np.arange(fresh))])
        assert value is not None
        return value


def _residual(outcome: Outcome) -> Floats:
    """What linear weights are fitted to: a flag, a number, a rank, or how much earlier an event came than was to be expected."""
    if outcome.value is not None:
        return outcome.value
    if outcome.days is None:
        return outcome.code.astype(np.float64)
    order = np.argsort(outcome.days)
    event = outcome.flag[order].astype(np.float64)
    found = np.empty(len(event))
    found[order] = event - np.cumsum(event / np.arange(len(event), 0, -1))
    return found


def _shares(score: Floats) -> Floats:
    raised: Floats = np.exp(score - score.max(axis=1, keepdims=True))
    return raised / raised.sum(axis=1, keepdims=True)
