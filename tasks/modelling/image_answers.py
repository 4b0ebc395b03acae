"""Image answers: the outcome as a network of images is taught it, and what it tells as a prediction again."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from features.core.errors import FitError
from features.core.kinds.endpoint import Predicted, Timed
from features.core.portable import exp
from tasks.modelling.answers import among_levels, codes, of_probability, softmax
from tasks.modelling.prediction import Prediction
from tasks.modelling.rows import Floats
from tasks.modelling.solvers.baseline import Baseline, fit_baseline
from tasks.modelling.solvers.survival_losses import Intervals, cut_intervals, interval_codes
from tasks.modelling.target import Target

if TYPE_CHECKING:
    from features.deep.learning.losses import Loss

Taught = Literal["likelihood", "hinge", "discrete_time"]


@dataclass(frozen=True, eq=False)
class ImageAnswer:
    """What makes a prediction of what a network tells.

    seen: classes that training had, of `levels`. weighed: what class weights added to log odds of each class or label, which is
    taken off again. middle, spread: of the number that is predicted. alike: of each label what all training cases had, else NaN.
    level: the mean log hazard ratio of training cases. baseline, intervals: of follow-up.
    """

    predicted: Predicted
    levels: int
    seen: NDArray[np.intp]
    weighed: Floats
    middle: float = 0.0
    spread: float = 1.0
    alike: Floats | None = None
    level: float = 0.0
    baseline: Baseline | None = None
    intervals: Intervals | None = None

    def finished(self, told: Floats, target: Target) -> ImageAnswer:
        """The answer with what only the trained network decides. told: of the training cases."""
        if self.intervals is not None or not isinstance(target.endpoint, Timed):
            return self
        level = float(told[:, 0].mean())  # the likelihood leaves it open
        return replace(self, level=level, baseline=fit_baseline(told[:, 0] - level, target.outcome))

    def prediction(self, told: Floats) -> Prediction:
        """Of what is told of cases, (n, outputs)."""
        if self.intervals is not None:
            curves = self.intervals.incidence(told)
            mean = np.clip(curves.value[:, 0].mean(axis=1), 1e-12, 1 - 1e-12)
            return Prediction(risk=np.log(-np.log1p(-mean)), incidence=curves)
        if self.baseline is not None:
            risk = told[:, 0] - self.level
            return Prediction(risk=risk, incidence=self.baseline.incidence(risk))
        if self.predicted == "value":
            value = self.middle + self.spread * told[:, 0]
            return Prediction(risk=value, value=value)
        if self.predicted == "risk":
            return Prediction(risk=told[:, 0] - self.weighed[0])
        if self.predicted == "labels":
            assert self.alike is not None
            likely = np.where(np.isnan(self.alike), _logistic(told - self.weighed), self.alike)
            return of_probability(likely, self.predicted)
        if self.predicted == "ranks":
            steps = np.cumsum(np.logaddexp(0.0, told[:, 1:]), axis=1)
            higher = _logistic(np.column_stack([told[:, 0], told[:, :1] - steps]))
            ends = np.ones((len(told), 1)), np.zeros((len(told), 1))
            each = np.maximum(-np.diff(np.hstack([ends[0], higher, ends[1]]), axis=1), 0.0) * exp(-self.weighed)
            likely = each / each.sum(axis=1, keepdims=True)
        else:
            likely = softmax(told - self.weighed)
        return of_probability(among_levels(likely, self.seen, self.levels), self.predicted)

    def state(self) -> dict[str, Any]:
        """All that was learnt, by name."""
        follow = [one.state() for one in (self.baseline, self.intervals) if one is not None]
        own = {"seen": self.seen, "weighed": self.weighed, "middle": self.middle, "spread": self.spread}
        return {**own, "alike": self.alike, "level": self.level, "follow_up": follow}


def taught(target: Target, *, loss: Taught, balanced: bool, intervals: int, kind: str) -> tuple[Loss, ImageAnswer]:
    """What a network minimises of these training cases, and the answer that it will give.

    balanced: classes count alike, however many cases they have; probabilities are those of the classes as they come all the same.
    Raises FitError where the loss or the weights do not go with the endpoint, ValueError where all cases are of one class.
    """
    from features.deep.learning import losses

    predicted, levels = target.endpoint.predicted, max(2, target.levels)
    timed = isinstance(target.endpoint, Timed)
    _check(target, loss=loss, balanced=balanced, timed=timed, kind=kind)
    plain = ImageAnswer(predicted, levels, np.arange(levels), np.zeros(1))
    if timed:
        if not target.y["event"].any():
            raise FitError(f"{kind}: no training case has the event; needed: at least one")
        if loss == "discrete_time":
            cut = cut_intervals(target.outcome, intervals)
            code, counted = interval_codes(target.outcome, cut.ends)
            return losses.IntervalLikelihood(code, counted, cut.usual), replace(plain, intervals=cut)
        return losses.PartialLikelihood(target.y["event"], target.y["time"]), plain
    if predicted == "value":
        y = np.asarray(target.y, np.float64)
        middle, spread = float(y.mean()), float(y.std()) or 1.0
        return losses.SquaredError(((y - middle) / spread)[:, None]), replace(plain, middle=middle, spread=spread)
    if predicted == "labels":
        flags = np.asarray(target.y, np.float64)
        alike = np.where(flags.min(axis=0) == flags.max(axis=0), flags[0], np.nan)
        each = [_weights(flag.astype(np.intp), 2, balanced) for flag in flags.T]
        weights = np.column_stack([own[flag.astype(np.intp)] for own, flag in zip(each, flags.T, strict=True)])
        weighed = np.array([np.log(own[1] / own[0]) for own in each])
        return losses.Flags(flags, weights), replace(plain, weighed=weighed, alike=alike)
    seen, own = np.unique(codes(target, kind), return_inverse=True)
    by_class = _weights(own, len(seen), balanced)
    weights = by_class[own]
    if predicted == "risk":
        weighed = np.array([np.log(by_class[1] / by_class[0])])
        if loss == "hinge":
            return losses.SquaredHinge(own == 1, weights), plain
        return losses.Flags(own.astype(np.float64)[:, None], weights[:, None]), replace(plain, weighed=weighed)
    answer = replace(plain, seen=seen, weighed=np.log(by_class))
    if predicted == "ranks":
        return losses.Ranks(own, len(seen), weights), answer
    return losses.Classes(own, len(seen), weights), answer


def taught_beside(values: Floats) -> Loss:
    """What a network minimises of a clinical column that it learns beside the endpoint, (n,), NaN where nothing is known."""
    from features.deep.learning import losses

    known = values[~np.isnan(values)]
    if np.isin(known, (0.0, 1.0)).all():
        return losses.Flags(values[:, None], np.ones((len(values), 1)))
    return losses.SquaredError(((values - known.mean()) / (known.std() or 1.0))[:, None])


def _check(target: Target, *, loss: Taught, balanced: bool, timed: bool, kind: str) -> None:
    predicted = target.endpoint.predicted
    if loss == "hinge" and (predicted != "risk" or timed):
        raise FitError(
            f"{kind}: loss hinge is for two classes alone; the endpoint is {target.endpoint.kind}: leave it out"
        )
    if loss == "discrete_time" and not timed:
        raise FitError(
            f"{kind}: loss discrete_time is for follow-up; the endpoint is {target.endpoint.kind}: leave it out"
        )
    if balanced and (timed or predicted == "value"):
        raise FitError(f"{kind}: class_weights are for classes; the endpoint is {target.endpoint.kind}: leave them out")


def _weights(code: NDArray[np.intp], classes: int, balanced: bool) -> Floats:
    """What a case of each class counts, (classes,), with a mean of 1 over cases."""
    counts = np.bincount(code, minlength=classes)
    if not balanced or not counts.all():
        return np.ones(classes)
    return np.asarray(len(code) / (classes * counts), np.float64)


def _logistic(told: Floats) -> Floats:
    return np.asarray(0.5 * (1.0 + np.tanh(0.5 * told)))
