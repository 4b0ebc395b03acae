"""Coverage of the intervals of every metric of an endpoint at once: each data set is learnt once and judged by all of them.

`benchmarks/coverage.py --metrics` prints it. Thresholds, probabilities and cuts of risk groups are learnt of inner folds, as in
studies; follow-up is judged at one year.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from benchmarks.coverage_worlds import Cases, World
from features.core.kinds.endpoint import Endpoint
from tasks.modelling.decisions.probability import NO_LINE, Line, fit_probability
from tasks.modelling.decisions.threshold import youden_threshold
from tasks.modelling.intervals.estimate import Estimate
from tasks.modelling.metrics.metric import METRICS, Metric, Scored, all_metrics_of
from tasks.modelling.optimism import corrected_estimate
from tasks.modelling.prediction import Prediction
from tasks.modelling.solvers.baseline import fit_baseline
from tasks.modelling.splits.split import grouped_folds

FRESH, INNER, SPREAD, HORIZON = 1000, 3, 0.7, 365.0
Judged = dict[str, tuple[Estimate, float]]  # of each metric
Way = Callable[[np.random.Generator], Judged]


@dataclass(frozen=True)
class Setting:
    """A world, how predictions come about, and of how many cases. mean: the target is the mean of the truths of all data sets."""

    name: str
    way: Way
    mean: bool


def endpoint_of(world: World) -> Endpoint:
    found = world.endpoint
    return found.model_copy(update={"horizon_days": HORIZON}) if world.kind == "survival" else found


def nested(world: World, n: int, repeats: int = 2, folds: int = 5) -> Way:
    """Repeated cross-validation; the truth is that of the models of the first repeat, on fresh cases, put together as folds are.

    Of scores that depend on how many cases are scored together, fresh cases come as many at a time as a fold tests.
    """

    def way(rng: np.random.Generator) -> Judged:
        cases, names = world.draw(rng, n), np.arange(n).astype(str)
        fresh, scored, truths = world.draw(rng, FRESH), list[Scored](), list[Scored]()
        for repeat in range(repeats):
            for train, test in grouped_folds(world.endpoint, cases[1], names, folds, int(rng.integers(2**31))):
                model = learnt(world, _take(cases, train), rng)
                scored.append(_scored(world, model, _take(cases, train), _take(cases, test), test, repeat))
                if not repeat:
                    truths.append(_scored(world, model, _take(cases, train), fresh, np.arange(FRESH)))
        return {
            metric.kind: (metric.estimate(scored, names, "resampled"), _together(metric, truths, n // folds))
            for metric in all_metrics_of(world.endpoint)
        }

    return way


def bootstrap(world: World, n: int, draws: int) -> Way:
    """Draws with replacement and the .632+ rule; the truth is that of the model of all cases, on fresh ones."""

    def way(rng: np.random.Generator) -> Judged:
        cases, names = world.draw(rng, n), np.arange(n).astype(str)
        fresh, scored = world.draw(rng, FRESH), list[Scored]()
        for draw in range(draws):
            times = np.bincount(rng.integers(n, size=n), minlength=n)
            train, test = np.repeat(np.arange(n), times), np.flatnonzero(times == 0)
            model = learnt(world, _take(cases, train), rng, train)
            one = _scored(world, model, _take(cases, train), _take(cases, test), test, draw)
            scored.append(replace(one, trained=train))
        whole = learnt(world, cases, rng)
        own = _scored(world, whole, cases, cases, np.arange(n))
        truth = [_scored(world, whole, cases, fresh, np.arange(FRESH))]
        return {
            metric.kind: (corrected_estimate(metric, scored, own, names), _mean(metric, truth))
            for metric in all_metrics_of(world.endpoint)
        }

    return way


def fixed(world: World, n: int) -> Way:
    """One model of 200 cases, on n cases of its own."""
    usual = np.random.default_rng(1)
    train = world.draw(usual, 200)
    model = learnt(world, train, usual)
    parts = [_scored(world, model, train, world.draw(usual, FRESH), np.arange(FRESH)) for _ in range(20)]
    truths = {metric.kind: _mean(metric, parts) for metric in all_metrics_of(world.endpoint)}

    def way(rng: np.random.Generator) -> Judged:
        scored = [_scored(world, model, train, world.draw(rng, n), np.arange(n))]
        names = np.arange(n).astype(str)
        return {
            metric.kind: (metric.estimate(scored, names, "fixed"), truths[metric.kind])
            for metric in all_metrics_of(world.endpoint)
        }

    return way


Model = tuple[Callable[[NDArray[np.float64]], Prediction], float, Line]  # predicts; cut; line


def learnt(world: World, cases: Cases, rng: np.random.Generator, same: NDArray[np.intp] | None = None) -> Model:
    """The model of these cases, with the cut and the line that inner folds tell. same: (n,) cases of one number stay together."""
    X, outcome = cases
    predict = _scaled(world, cases)
    if world.kind not in ("binary", "survival"):
        return predict, float("nan"), NO_LINE
    numbers = np.arange(len(X)) if same is None else same
    strata = np.where(outcome.flag, 1, 0)
    place = rng.permutation(int(numbers.max()) + 1)
    part = np.empty(len(X), np.intp)
    for stratum in (0, 1):
        own = np.flatnonzero(strata == stratum)
        part[own] = np.unique(place[numbers[own]], return_inverse=True)[1] % INNER
    risk = np.empty(len(X))
    for fold in range(INNER):
        there = part == fold
        told = _scaled(world, _take(cases, np.flatnonzero(~there)))(X[there])
        assert told.risk is not None
        risk[there] = told.risk
    if world.kind == "survival":
        return predict, float(np.median(risk)), NO_LINE
    return predict, youden_threshold(outcome.flag, risk), fit_probability(outcome.flag, risk)


def _scaled(world: World, cases: Cases) -> Callable[[NDArray[np.float64]], Prediction]:
    """The learner of the world; of follow-up with risks of one spread as log hazards, and curves."""
    predict = world.fit(*cases)
    if world.kind != "survival":
        return predict
    own = predict(cases[0]).risk
    assert own is not None
    unit = SPREAD / float(own.std())
    baseline = fit_baseline(unit * own, cases[1])

    def with_curves(new: NDArray[np.float64]) -> Prediction:
        risk = predict(new).risk
        assert risk is not None
        return Prediction(unit * risk, incidence=baseline.incidence(unit * risk))

    return with_curves


def _scored(world: World, model: Model, train: Cases, test: Cases, rows: NDArray[np.intp], repeat: int = 0) -> Scored:
    """rows beyond the data set are fresh cases, whose own follow-up tells their censoring."""
    predict, cut, line = model
    known = test[1] if world.kind == "survival" and len(rows) == FRESH else train[1]
    return Scored(rows, test[1], predict(test[0]), known, endpoint_of(world), repeat=repeat, cut=cut, line=line)


def _take(cases: Cases, rows: NDArray[np.intp]) -> Cases:
    return cases[0][rows], cases[1].take(rows)


def _mean(metric: Metric, folds: list[Scored]) -> float:
    values = [value for fold in folds if (value := metric.value([fold])) is not None]
    return float(np.mean(values)) if values else float("nan")


def _together(metric: Metric, folds: list[Scored], size: int) -> float:
    if metric.kind in ("auprc", "macro_auprc"):
        folds = [_part(fold, np.arange(i, i + size)) for fold in folds for i in range(0, FRESH - size + 1, size)]
    value = metric.value(folds)
    return float("nan") if value is None else value


def _part(fold: Scored, own: NDArray[np.intp]) -> Scored:
    return replace(
        fold,
        rows=fold.rows[own],
        outcome=fold.outcome.take(own),
        prediction=fold.prediction.take(own),
        centres=fold.centres[own],
    )


def is_of_mean(setting: Setting, kind: str) -> bool:
    """Whether the target of a metric is the mean of the truths: not where the interval is of the models at hand."""
    return setting.mean and not (setting.name.startswith("nested") and METRICS.parse(kind).over_folds == "these")


def settings(more: bool = False) -> Iterator[Setting]:
    """more: instead, learners that find the signal in some data sets and miss it in others, and few cases."""
    if more:
        for kind, effect in (("binary", 0.0), ("binary", 0.8), ("survival", 0.5)):
            screen = World(kind, "", effect, learner="screen", columns=100)
            yield Setting(f"nested, {kind}, n = 100, 5 of 100 columns, effect {effect}", nested(screen, 100), True)
        for kind, effect in (("binary", 0.8), ("survival", 0.5)):
            yield Setting(
                f"nested, {kind}, n = 40, effect {effect}", nested(World(kind, "", effect), 40, repeats=5), True
            )
        return
    for kind, effects in (
        ("binary", (0.0, 0.7)),
        ("continuous", (0.0, 0.5)),
        ("survival", (0.0, 0.5)),
        ("ordinal", (0.0, 0.5)),
        ("multiclass", (0.0, 0.7)),
    ):
        for effect in effects:
            world = World(kind, "", effect)
            yield Setting(f"nested, {kind}, n = 120, effect {effect}", nested(world, 120), True)
            yield Setting(f"bootstrap .632+, {kind}, n = 60, effect {effect}", bootstrap(world, 60, 100), True)
        yield Setting(
            f"fixed model, {kind}, n = 60, effect {effects[1]}", fixed(World(kind, "", effects[1]), 60), False
        )
