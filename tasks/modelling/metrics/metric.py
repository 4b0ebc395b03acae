"""Metric: a number that judges predictions of the cases that a model did not train on."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from features.core.kinds.endpoint import Endpoint, Timed
from features.core.kinds.registry import Kind, Registry
from features.core.outcome import Outcome
from tasks.modelling.censoring import Censoring
from tasks.modelling.pairs import Estimate, Pairs, estimate, share, with_interval
from tasks.modelling.prediction import Prediction


@dataclass(frozen=True, eq=False)
class Scored:
    """A predicted fold. rows: (m,) positions in the design; outcome, prediction: of these; train: of the training cases."""

    rows: NDArray[np.intp]
    outcome: Outcome
    prediction: Prediction
    train: Outcome
    endpoint: Endpoint

    @property
    def risk(self) -> NDArray[np.float64]:
        """The predicted order of the cases, (m,)."""
        assert self.prediction.risk is not None
        return self.prediction.risk

    @property
    def probability(self) -> NDArray[np.float64]:
        """Predicted probabilities, (m, levels)."""
        assert self.prediction.probability is not None
        return self.prediction.probability

    @cached_property
    def censoring(self) -> Censoring:
        """The censoring of the training cases, up to the horizon of the endpoint."""
        assert isinstance(self.endpoint, Timed)
        return Censoring(self.train, self.endpoint.horizon_days)


class Metric(Kind):
    """What predictions are judged by. Cases are compared within their fold: models of different folds have different scales.

    title: in words, as in a sentence. chance: its value if nothing is told, None if there is no such value; chance_is: what gives
    that value. lowest: where the axis of a figure begins, if no score is below it; least: where it begins at the latest. It
    ends at 1.
    gathered: how cases and folds are put together, in words, with the names of a fold and of all of them to be filled in.
    """

    title: ClassVar[str]
    needs: ClassVar[Literal["risk", "probability", "value"]]
    chance: ClassVar[float | None] = 0.5
    chance_is: ClassVar[str] = "chance"
    lowest: ClassVar[float] = 0.4
    least: ClassVar[float] = 0.0
    gathered: ClassVar[str]

    @abstractmethod
    def value(self, folds: Sequence[Scored]) -> float | None:
        """The value over all folds and repeats; None where it is undefined."""

    @abstractmethod
    def estimate(self, folds: Sequence[Scored], weights: NDArray[np.int16]) -> Estimate:
        """The value with its 95 % interval over bootstrap weights, (replicates, n), or the reason why there is none."""

    def undefined(self, folds: Sequence[Scored]) -> str:
        """Why there is no value."""
        outcome = Outcome.concat([fold.outcome for fold in folds])
        return f"nothing to compare within a fold: {len(outcome)} cases, {folds[0].endpoint.counted(outcome)}"


class PairMetric(Metric):
    """A share of concordant pairs, or the mean of several such shares."""

    gathered: ClassVar[str] = "cases are compared within their {fold} only, then pairs of all {folds} are added up"

    @abstractmethod
    def pairs(self, fold: Scored) -> tuple[Pairs, ...]:
        """The pairs of a fold: one set, or one for each class or label."""

    def value(self, folds: Sequence[Scored]) -> float | None:
        found = [share(pairs) for pairs in zip(*(self.pairs(fold) for fold in folds), strict=True)]
        known = [one for one in found if one is not None]
        return float(np.mean(known)) if known else None

    def estimate(self, folds: Sequence[Scored], weights: NDArray[np.int16]) -> Estimate:
        sets = [*zip(*(self.pairs(fold) for fold in folds), strict=True)]
        return estimate(sets, weights, reason=self.undefined(folds))


class RowMetric(Metric):
    """A number computed from sums over rows, each as often as its patient was drawn."""

    gathered: ClassVar[str] = "cases of all {folds} are counted together"

    @abstractmethod
    def sums(self, fold: Scored) -> NDArray[np.float64]:
        """What each row of a fold adds, (m, k)."""

    @abstractmethod
    def of_sums(self, sums: NDArray[np.float64]) -> NDArray[np.float64]:
        """The metric of sums, (replicates, k) to (replicates,); NaN where it is undefined."""

    def value(self, folds: Sequence[Scored]) -> float | None:
        total = np.sum([self.sums(fold).sum(axis=0) for fold in folds], axis=0)
        value = float(self.of_sums(total[None, :])[0])
        return value if np.isfinite(value) else None

    def estimate(self, folds: Sequence[Scored], weights: NDArray[np.int16]) -> Estimate:
        value = self.value(folds)
        if value is None:
            return Estimate(None, reason=self.undefined(folds))
        drawn = sum(weights[:, fold.rows].astype(np.float64) @ self.sums(fold) for fold in folds)
        replicates = self.of_sums(np.asarray(drawn))
        return with_interval(value, replicates[np.isfinite(replicates)])


METRICS: Registry[Metric] = Registry(Metric, "tasks.modelling.metrics")


def metrics_of(endpoint: Endpoint) -> tuple[Metric, ...]:
    """The metrics of an endpoint, the first one first."""
    return tuple(METRICS.parse(kind) for kind in endpoint.metrics)
