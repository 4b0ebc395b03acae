"""One unit of a study: one set of blocks on one fold, all models. A pure function, fit for a process pool.

The models of a unit share the outcome-free steps and the screening's ranking, fitted once per training set.
"""

from __future__ import annotations

import warnings
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn import config_context
from sklearn.pipeline import Pipeline
from threadpoolctl import threadpool_limits

from features.core.errors import FitError
from features.core.kinds.endpoint import Endpoint
from features.core.outcome import Outcome
from tasks.modelling.evaluation.pipeline import final_estimator, prefix_steps, selected_features
from tasks.modelling.evaluation.seeds import seed_of
from tasks.modelling.metrics.metric import Scored, metrics_of
from tasks.modelling.models.model import Model
from tasks.modelling.prediction import Prediction, predict
from tasks.modelling.selection.screening import Screening
from tasks.modelling.splits.split import Fold, grouped_folds

NUMERICAL = (ArithmeticError, ValueError, FitError)  # includes LinAlgError and lifelines' ConvergenceError


@dataclass(frozen=True, eq=False)
class Unit:
    """Input: X (n, p) with its column names, the outcome, groups (n,) that stay together, fold, models and seed of the study."""

    blocks: str
    split: str
    fold: Fold
    inner_folds: int
    X: NDArray[np.float64]
    columns: Sequence[str]
    outcome: Outcome
    endpoint: Endpoint
    groups: NDArray[np.str_]
    models: tuple[Model, ...]
    seed: int
    keep_models: bool = False


@dataclass(frozen=True, eq=False)
class Fit:
    """What one model gave on one fold: its prediction of the test rows, or None and the reason.

    threshold: median of the training rows' own risks, NaN where there is none. candidates: how many settings were compared.
    warnings: messages raised while fitting, with their number.
    """

    blocks: str
    split: str
    fold: Fold
    model: str
    prediction: Prediction | None = None
    threshold: float = np.nan
    selected: dict[str, float] = field(default_factory=dict)
    candidates: int = 0
    chosen: dict[str, Any] = field(default_factory=dict)
    warnings: Counter[str] = field(default_factory=Counter)
    reason: str = ""
    pipeline: Pipeline | None = None


@dataclass(frozen=True, eq=False)
class _Inner:
    """An inner fold: its fitted steps, what they make of its test rows, and the outcomes of both sides."""

    prefix: _Prefix
    X: NDArray[np.float64]
    train: Outcome
    test: Outcome


@dataclass(frozen=True, eq=False)
class _Prefix:
    """Fitted steps before the model, and what they make of their training rows."""

    steps: list[tuple[str, Any]]
    screen: Screening
    X: NDArray[np.float64]

    def transform(self, X: Any) -> NDArray[np.float64]:
        for _, step in self.steps:
            X = step.transform(X)
        found: NDArray[np.float64] = X
        return found


def run_unit(unit: Unit) -> list[Fit]:
    """Search settings on inner folds, refit on the training fold, predict the test fold: one Fit per model.

    Numerical failures become a Fit without scores; every other exception is a bug and is raised.
    """
    train = unit.fold.train
    outcome = unit.outcome.take(train)
    with threadpool_limits(limits=1), config_context(assume_finite=True, skip_parameter_validation=True):
        caught: Counter[str] = Counter()
        try:
            with _counted(caught):
                if reason := unit.endpoint.untrainable(outcome):
                    raise FitError(reason)
                outer = _fit_prefix(unit.X[train], outcome, unit.endpoint)
                X_test = outer.transform(unit.X[unit.fold.test])
                outer.steps[0][1].named(unit.columns)
                inner = _inner_prefixes(unit, outcome, caught)
        except NUMERICAL as error:
            return [
                Fit(unit.blocks, unit.split, unit.fold, model.kind, reason=_reason(error), warnings=caught)
                for model in unit.models
            ]
        return [_fit_model(unit, model, outer, X_test, inner, caught.copy()) for model in unit.models]


def _fit_model(
    unit: Unit,
    model: Model,
    outer: _Prefix,
    X_test: NDArray[np.float64],
    inner: list[_Inner],
    caught: Counter[str],
) -> Fit:
    endpoint, outcome = unit.endpoint, unit.outcome.take(unit.fold.train)
    levels = len(outcome.levels)
    seed = seed_of(unit.seed, unit.split, unit.fold.repeat, unit.fold.name, unit.blocks, model.kind)
    candidates = model.candidates(outer.X.shape[1], endpoint.scarce(outcome))
    reason = ""
    with _counted(caught):
        searches = bool(inner) and len(candidates) > 1
        ranked = _ranked(model, endpoint, candidates, inner, seed, caught) if searches else candidates
        for candidate in ranked:
            try:
                screen = outer.screen.with_k(candidate["k"])
                estimator = final_estimator(model, endpoint.predicted, seed, **candidate)
                estimator.fit(outer.X[:, screen.kept_], endpoint.target(outcome))
                own = predict(estimator, outer.X[:, screen.kept_], endpoint, levels).risk
            except NUMERICAL as error:
                reason = _reason(error)
                caught[f"settings {candidate} could not be fitted"] += 1
                continue
            try:  # apart from the fit: which settings are taken must not depend on test rows
                prediction = predict(estimator, X_test[:, screen.kept_], endpoint, levels)
            except NUMERICAL as error:
                reason = _reason(error)
                break
            pipeline = Pipeline([*outer.steps, ("screen", screen), ("model", estimator)])
            return Fit(
                unit.blocks,
                unit.split,
                unit.fold,
                model.kind,
                prediction=prediction,
                threshold=np.nan if own is None else float(np.median(own)),
                selected=selected_features(pipeline, model),
                candidates=len(candidates),
                chosen=candidate,
                warnings=caught,
                pipeline=pipeline if unit.keep_models else None,
            )
    return Fit(unit.blocks, unit.split, unit.fold, model.kind, warnings=caught, reason=reason)


def _ranked(
    model: Model,
    endpoint: Endpoint,
    candidates: list[dict[str, Any]],
    inner: list[_Inner],
    seed: int,
    caught: Counter[str],
) -> list[dict[str, Any]]:
    """Candidates by the first metric of the endpoint over the inner folds, best first; ties keep the order, failures go last."""
    metric = metrics_of(endpoint)[0]
    values: list[float] = []
    for candidate in candidates:
        scored: list[Scored] = []
        try:
            for fold in inner:
                kept = fold.prefix.screen.best(min(candidate["k"], model.most_features(endpoint.scarce(fold.train))))
                estimator = final_estimator(model, endpoint.predicted, seed, **candidate)
                estimator.fit(fold.prefix.X[:, kept], endpoint.target(fold.train))
                prediction = predict(estimator, fold.X[:, kept], endpoint, len(fold.train.levels))
                scored.append(Scored(np.arange(len(fold.test)), fold.test, prediction, fold.train, endpoint))
            value = metric.value(scored)
        except NUMERICAL:
            caught[f"settings {candidate} could not be fitted"] += 1
            value = None
        values.append(-np.inf if value is None else value)
    order = sorted(range(len(candidates)), key=lambda i: -values[i])
    return [candidates[i] for i in order]


def _inner_prefixes(unit: Unit, outcome: Outcome, caught: Counter[str]) -> list[_Inner]:
    """The inner folds of a training fold; none if nobody searches."""
    train, scarce = unit.fold.train, unit.endpoint.scarce(outcome)
    if all(len(model.candidates(len(unit.columns), scarce)) < 2 for model in unit.models):
        return []
    seed = seed_of(unit.seed, unit.split, unit.fold.repeat, unit.fold.name, "inner")
    try:
        parts = grouped_folds(unit.endpoint, outcome, unit.groups[train], unit.inner_folds, seed)
    except FitError:
        caught["too few events for inner folds: the first settings were taken"] += 1
        return []
    found = []
    for inner_train, inner_test in parts:
        seen = outcome.take(inner_train)
        prefix = _fit_prefix(unit.X[train[inner_train]], seen, unit.endpoint)
        found.append(_Inner(prefix, prefix.transform(unit.X[train[inner_test]]), seen, outcome.take(inner_test)))
    return found


def _fit_prefix(X: Any, outcome: Outcome, endpoint: Endpoint) -> _Prefix:
    steps = prefix_steps()
    for _, step in steps:
        X = step.fit(X).transform(X)
    return _Prefix(steps, Screening(endpoint, k=X.shape[1]).fit(X, outcome), X)


def _reason(error: Exception) -> str:
    return str(error).split("\n")[0][:200] or type(error).__name__


@contextmanager
def _counted(counter: Counter[str]) -> Iterator[None]:
    """Catches every warning of a block and counts them by class and first line."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.resetwarnings()  # few filters: scikit-learn copies them for every tree
        warnings.simplefilter("always")
        try:
            yield
        finally:
            lines = (f"{item.category.__name__}: {str(item.message).splitlines()[0][:120]}" for item in caught)
            counter.update(lines)
