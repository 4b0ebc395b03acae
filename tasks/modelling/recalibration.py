"""Recalibration: the line that predictions would have to be put on to be right on average, and what metrics make of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from tasks.modelling.intervals.estimate import Estimate, Models, Way
from tasks.modelling.intervals.row_interval import moved_estimate
from tasks.modelling.intervals.scale import Scale
from tasks.modelling.intervals.words import no_interval
from tasks.modelling.lacking import Need
from tasks.modelling.metrics.metric import Metric, Scored, ends_of, tested_of

Floats = NDArray[np.float64]
_STEPS, _ENOUGH, _MOST = 50, 1e-10, 1e3


@dataclass(frozen=True, eq=False)
class Line:
    """A coefficient, and how much each row moves it, (n,). reason: why there is none. beside: the intercept, of a slope."""

    value: float = np.nan
    moved: Floats | None = None
    reason: str = ""
    beside: float = np.nan


def recalibrate(seen: Floats, said: Floats, *, slope: bool, logistic: bool) -> Line:
    """The intercept with a slope of 1, or the slope beside an intercept of its own.

    seen: (n,) 0 or 1 if `logistic`, else numbers. said: (n,) log odds, or numbers. Maximum likelihood of logistic regression,
    or least squares. Cox, Biometrika 1958;45:562.
    """
    if not len(seen):
        return Line(reason="no case")
    if logistic and (seen == seen[0]).all():
        return Line(reason=f"one class only: {int(seen.sum())} of {len(seen)} cases are positive")
    spread = float(said.std())
    if slope and not spread > 1e-9 * max(1.0, float(np.abs(said).max())):
        return Line(reason="all predictions are equal")
    X = np.column_stack([np.ones(len(said)), said]) if slope else np.ones((len(said), 1))
    offset = np.zeros(len(said)) if slope else said
    beta = np.zeros(X.shape[1])
    for _ in range(_STEPS):
        line = offset + (X * beta).sum(axis=1)
        mean = _expit(line) if logistic else line
        weight = mean * (1 - mean) if logistic else np.ones(len(line))
        H = (X[:, :, None] * X[:, None, :] * weight[:, None, None]).sum(axis=0)
        score = X * (seen - mean)[:, None]
        try:
            step = np.linalg.solve(H, score.sum(axis=0))
        except np.linalg.LinAlgError:
            return Line(reason="the predictions separate the classes")
        beta = beta + np.clip(step, -5.0, 5.0)
        if not np.isfinite(beta).all() or abs(beta[-1] * (spread if slope else 1.0)) > _MOST:
            return Line(reason="the predictions separate the classes")
        if np.abs(step).max() < _ENOUGH * max(1.0, float(np.abs(beta).max())):
            moved = np.asarray(np.linalg.solve(H, score.T)[-1])
            return Line(float(beta[-1]), moved, beside=float(beta[0]) if slope else np.nan)
    return Line(reason="the predictions separate the classes")


class Recalibrated(Metric):
    """A coefficient of the line of what was seen over what was predicted, all folds together. slope: which of the two.

    Of yes or no the line is of log odds, of a number as it is.
    """

    slope: ClassVar[bool]
    needs: ClassVar[Need] = "chance"
    compares: ClassVar[bool] = False
    chance: ClassVar[float | None] = None
    gathered: ClassVar[str] = "one line is laid through the cases of all {folds}"
    scale: ClassVar[Scale] = "plain"
    over_folds: ClassVar[Way] = "these"
    uncorrected: ClassVar[str] = (
        "predictions of the cases that a model was fitted to are right on average, whatever the model is worth"
    )

    def value(self, folds: Sequence[Scored], *, within: bool = False) -> float | None:  # noqa: ARG002 (nothing is compared)
        found = self._line(folds)
        return None if found.reason else found.value

    def undefined(self, folds: Sequence[Scored], *, within: bool = False) -> str:  # noqa: ARG002
        return self._line(folds).reason

    def interval(
        self,
        value: float,
        folds: Sequence[Scored],
        groups: NDArray[np.str_],
        models: Models,
        *,
        within: bool,  # noqa: ARG002
    ) -> Estimate:
        """By the infinitesimal jackknife over patients, which of the fixed model is the sandwich estimator.

        Over cross-validation it is of the models of the folds: built anew they would be too high as often as too low, which test
        cases that trained the other models hide.
        """
        if models == "centres":
            return Estimate(value, reason=no_interval("of this score none was found that holds for a new centre"))
        by_row = self._line(folds).moved
        assert by_row is not None
        tested = tested_of(folds, groups)
        moved = tested.by_patient(np.split(by_row, ends_of(folds)))
        return moved_estimate(value, moved, tested, models, scale=self.scale, way=self.over_folds)

    def _line(self, folds: Sequence[Scored]) -> Line:
        logistic = folds[0].endpoint.predicted == "risk"
        seen = [fold.seen[:, 0] if logistic else _value(fold.outcome.value) for fold in folds]
        said = [fold.log_odds if logistic else _value(fold.prediction.value) for fold in folds]
        return recalibrate(np.concatenate(seen), np.concatenate(said), slope=self.slope, logistic=logistic)


def _value(value: Floats | None) -> Floats:
    assert value is not None
    return value


def _expit(line: Floats) -> Floats:
    small = np.exp(-np.abs(line))
    return np.asarray(np.where(line >= 0, 1.0, small) / (1.0 + small))
