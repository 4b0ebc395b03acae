"""Metric: a number that judges predictions of the cases that a model did not train on."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from features.core.kinds.endpoint import Endpoint
from features.core.kinds.registry import Kind, Registry
from features.core.outcome import Outcome
from features.core.wording import counted
from tasks.modelling.intervals.estimate import Estimate, Models, Way
from tasks.modelling.intervals.pair_interval import pair_estimate
from tasks.modelling.intervals.row_interval import FoldsTested, RowSums, row_estimate
from tasks.modelling.intervals.scale import Scale
from tasks.modelling.lacking import Need, lacking
from tasks.modelling.pairs import Pairs, Sums, share_of_sums, sums, within_centres
from tasks.modelling.scored import Scored as Scored


class Metric(Kind):
    """What predictions are judged by. Cases are compared within their fold: models of different folds have different scales.

    title: in words, as in a sentence. needs: of predictions. higher_is_better: or lower, or nearer to `ideal`. compares: whether
    cases are compared with each other, so that it makes a difference which of them are; else it is told once. places: decimals, -1
    for three digits. chance: its value if nothing is told, None if there is no such value; chance_is: what gives
    that value. lowest: where the axis of a figure begins, if no score is below it; least: where it begins at the latest. It
    ends at 1.
    at_horizon: whether it judges follow-up at one day, so that studies may ask for it at several (`horizons`).
    scale: on which an interval is symmetrical. over_folds: what its interval is of under cross-validation. uncorrected: why it has
    no value under the bootstrap, where it makes no sense.
    gathered: how cases and folds are put together, in words, with the names of a fold and of all of them to be filled in.
    """

    title: ClassVar[str]
    needs: ClassVar[Need]
    higher_is_better: ClassVar[bool] = True
    ideal: ClassVar[float | None] = 1.0
    compares: ClassVar[bool] = True
    places: ClassVar[int] = 2
    chance: ClassVar[float | None] = 0.5
    chance_is: ClassVar[str] = "chance"
    lowest: ClassVar[float] = 0.4
    least: ClassVar[float] = 0.0
    at_horizon: ClassVar[bool] = False
    scale: ClassVar[Scale] = "share"
    over_folds: ClassVar[Way] = "built"
    uncorrected: ClassVar[str] = ""
    gathered: ClassVar[str]

    @abstractmethod
    def value(self, folds: Sequence[Scored], *, within: bool = False) -> float | None:
        """The value over all folds and repeats; None where it is undefined.

        within: only cases of the same centre are compared, so that recognising the centre earns nothing.
        """

    def estimate(
        self, folds: Sequence[Scored], groups: NDArray[np.str_], models: Models, *, within: bool = False
    ) -> Estimate:
        """The value with its 95 % interval and the spread of its repeats, or the reason why there is none.

        groups: (n,) what stays together, of all rows that the folds may point to. models: how the predictions came about.
        """
        if reason := lacking(self.needs, folds):
            return Estimate(None, reason=reason)
        value = self.value(folds, within=within)
        if value is None:
            return Estimate(None, reason=self.undefined(folds, within=within))
        by_repeat: dict[int, list[Scored]] = {}
        for fold in folds:
            by_repeat.setdefault(fold.repeat, []).append(fold)
        repeats = [one for own in by_repeat.values() if (one := self.value(own, within=within)) is not None]
        return self.interval(value, folds, groups, models, within=within).between(repeats)

    @abstractmethod
    def interval(
        self, value: float, folds: Sequence[Scored], groups: NDArray[np.str_], models: Models, *, within: bool
    ) -> Estimate:
        """The value with its 95 % interval, or the reason why there is none."""

    def undefined(self, folds: Sequence[Scored], *, within: bool = False) -> str:
        """Why there is no value."""
        outcome = Outcome.concat([fold.outcome for fold in folds])
        seen = folds[0].endpoint.counted(outcome)
        return f"nothing to compare within {where_of(within)}: {counted(len(outcome), 'case')}, {seen}"


class PairMetric(Metric):
    """A share of concordant pairs, or the mean of several such shares. Within centres: pairs of two cases of one centre."""

    gathered: ClassVar[str] = "cases are compared within their {fold} only, then pairs of all {folds} are added up"

    @abstractmethod
    def pairs(self, fold: Scored) -> tuple[Pairs, ...]:
        """The pairs of a fold, whatever the centres: one set, or one for each class or label."""

    def pairs_of(self, fold: Scored, *, within: bool = False) -> tuple[Pairs, ...]:
        """The pairs of a fold that are compared: all, or within centres."""
        found = self.pairs(fold)
        return found if not within or fold.centre is None else tuple(within_centres(one, fold.centre) for one in found)

    def sums(self, fold: Scored, *, within: bool) -> tuple[Sums, ...]:
        """Concordant and comparable weight of each set of pairs that are compared. Metrics that know a faster way take it."""
        return tuple(sums(pairs) for pairs in self.pairs_of(fold, within=within))

    def value(self, folds: Sequence[Scored], *, within: bool = False) -> float | None:
        sets = zip(*(self.sums(fold, within=within) for fold in folds), strict=True)
        found = [share_of_sums(own) for own in sets]
        known = [one for one in found if one is not None]
        return float(np.mean(known)) if known else None

    def interval(
        self, value: float, folds: Sequence[Scored], groups: NDArray[np.str_], models: Models, *, within: bool
    ) -> Estimate:
        sets = [*zip(*(self.pairs_of(fold, within=within) for fold in folds), strict=True)]
        train, ratio = training_of(folds)
        repeats = [fold.repeat for fold in folds]
        return pair_estimate(value, sets, groups, models, repeats=repeats, train=train, ratio=ratio)


class RowMetric(Metric):
    """A number computed from sums over rows.

    Within centres it is computed for each centre over all folds, and these values are averaged by the cases of the centres that
    have one. undrawn: why it has none under the bootstrap,
    where none was found; drawn_above: only higher values have one there.
    """

    gathered: ClassVar[str] = "cases of all {folds} are counted together"
    drawn_above: ClassVar[float | None] = None
    scale: ClassVar[Scale] = "loss"
    undrawn: ClassVar[str] = ""

    @abstractmethod
    def row_sums(self, fold: Scored) -> NDArray[np.float64]:
        """What each row of a fold adds, (m, k)."""

    @abstractmethod
    def of_sums(self, sums: NDArray[np.float64]) -> NDArray[np.float64]:
        """The metric of sums, (replicates, k) to (replicates,); NaN where it is undefined."""

    def value(self, folds: Sequence[Scored], *, within: bool = False) -> float | None:
        total = size = 0.0
        parts = self.parts_of(folds, within)
        for part in dict.fromkeys(one.part for one in parts):
            own = [one for one in parts if one.part == part]
            value = float(self.of_sums(np.sum([one.adds.sum(axis=0) for one in own], axis=0)[None, :])[0])
            if np.isfinite(value):
                cases = sum(len(one.rows) for one in own)
                total, size = total + value * cases, size + cases
        return total / size if size else None

    def interval(
        self, value: float, folds: Sequence[Scored], groups: NDArray[np.str_], models: Models, *, within: bool
    ) -> Estimate:
        parts, tested = self.parts_of(folds, within), tested_of(folds, groups)
        return row_estimate(value, parts, self.of_sums, tested, models, scale=self.scale, way=self.over_folds)

    def parts_of(self, folds: Sequence[Scored], within: bool) -> list[RowSums]:
        """What rows add, by centre or all together."""
        found = []
        for fold in folds:
            adds = fold.once(self.kind, lambda fold=fold: self.row_sums(fold))  # type: ignore[misc]
            for name in dict.fromkeys(fold.centres.tolist()) if within else ("",):
                own = np.flatnonzero(fold.centres == name) if within else np.arange(len(fold.rows))
                found.append(RowSums(fold.rows[own], adds[own], fold.repeat, name))
        return found


def training_of(folds: Sequence[Scored]) -> tuple[float, float]:
    """Training cases of a fold on average, and how many of them there are to a test case."""
    train, test = sum(len(fold.train) for fold in folds), sum(len(fold.rows) for fold in folds)
    return train / len(folds), train / max(test, 1)


def tested_of(folds: Sequence[Scored], groups: NDArray[np.str_]) -> FoldsTested:
    """What these folds tested, as intervals take it."""
    return FoldsTested([fold.rows for fold in folds], [fold.repeat for fold in folds], groups, *training_of(folds))


def parts_of(fold: Scored, *, within: bool) -> list[NDArray[np.intp]]:
    """Places of the cases of a fold that are compared with each other: all, or those of each centre."""
    if not within or fold.centre is None:
        return [np.arange(len(fold.rows))]
    return [np.flatnonzero(fold.centre == centre) for centre in np.unique(fold.centre)]


def ends_of(folds: Sequence[Scored]) -> NDArray[np.intp]:
    """Where the cases of each fold but the last end, if those of all folds follow each other."""
    return np.cumsum([len(fold.rows) for fold in folds])[:-1]


def where_of(within: bool) -> str:
    """Among which cases a metric compares, in words."""
    return "a centre of a fold" if within else "a fold"


METRICS: Registry[Metric] = Registry(Metric, "tasks.modelling.metrics")


def metrics_of(endpoint: Endpoint) -> tuple[Metric, ...]:
    """The metrics of an endpoint that have tables of their own, the first one first."""
    return tuple(METRICS.parse(kind) for kind in endpoint.metrics)


def all_metrics_of(endpoint: Endpoint) -> tuple[Metric, ...]:
    """The metrics of an endpoint, then those that stand beside them."""
    return tuple(METRICS.parse(kind) for kind in (*endpoint.metrics, *endpoint.further_metrics))
