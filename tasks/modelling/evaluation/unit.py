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
from tasks.modelling.evaluation.pipeline import final_estimator, prefix_steps, risk_score, selected_features
from tasks.modelling.evaluation.seeds import seed_of
from tasks.modelling.metrics.concordance import Pairs, auc_pairs, harrell_pairs, share
from tasks.modelling.models.model import Model
from tasks.modelling.selection.screening import Screening
from tasks.modelling.splits.split import Fold, grouped_folds

NUMERICAL = (ArithmeticError, ValueError, FitError)  # includes LinAlgError and lifelines' ConvergenceError


@dataclass(frozen=True, eq=False)
class Unit:
    """Input: X (n, p) with its column names, y (n,), groups (n,) that stay together, the fold, the study's models and seed."""

    blocks: str
    split: str
    fold: Fold
    inner_folds: int
    X: NDArray[np.float64]
    columns: Sequence[str]
    y: NDArray[Any]
    groups: NDArray[np.str_]
    models: tuple[Model, ...]
    seed: int
    keep_models: bool = False


@dataclass(frozen=True, eq=False)
class Fit:
    """What one model gave on one fold: scores of the test rows, or None and the reason.

    threshold: median of the training rows' own scores. candidates: how many settings were compared.
    warnings: messages raised while fitting, with their number.
    """

    blocks: str
    split: str
    fold: Fold
    model: str
    scores: NDArray[np.float64] | None = None
    threshold: float = np.nan
    selected: dict[str, float] = field(default_factory=dict)
    candidates: int = 0
    chosen: dict[str, Any] = field(default_factory=dict)
    warnings: Counter[str] = field(default_factory=Counter)
    reason: str = ""
    pipeline: Pipeline | None = None


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
    task = unit.models[0].task
    event = _event(unit.y[train])
    with threadpool_limits(limits=1), config_context(assume_finite=True, skip_parameter_validation=True):
        caught: Counter[str] = Counter()
        try:
            with _counted(caught):
                _check_classes(event, task)
                outer = _fit_prefix(unit.X[train], unit.y[train], task)
                X_test = outer.transform(unit.X[unit.fold.test])
                outer.steps[0][1].named(unit.columns)
                inner = _inner_prefixes(unit, task, caught)
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
    inner: list[tuple[_Prefix, NDArray[np.float64], NDArray[Any], NDArray[Any]]],
    caught: Counter[str],
) -> Fit:
    train = unit.fold.train
    seed = seed_of(unit.seed, unit.split, unit.fold.repeat, unit.fold.name, unit.blocks, model.kind)
    candidates = model.candidates(outer.X.shape[1], int(_event(unit.y[train]).sum()))
    reason = ""
    with _counted(caught):
        searches = bool(inner) and len(candidates) > 1
        ranked = _ranked(model, candidates, inner, seed, caught) if searches else candidates
        for candidate in ranked:
            try:
                screen = outer.screen.with_k(candidate["k"])
                estimator = final_estimator(model, seed, **candidate).fit(outer.X[:, screen.kept_], unit.y[train])
                own = risk_score(estimator, outer.X[:, screen.kept_])
            except NUMERICAL as error:
                reason = _reason(error)
                caught[f"settings {candidate} could not be fitted"] += 1
                continue
            try:  # apart from the fit: which settings are taken must not depend on test rows
                scores = risk_score(estimator, X_test[:, screen.kept_])
            except NUMERICAL as error:
                reason = _reason(error)
                break
            pipeline = Pipeline([*outer.steps, ("screen", screen), ("model", estimator)])
            return Fit(
                unit.blocks,
                unit.split,
                unit.fold,
                model.kind,
                scores=scores,
                threshold=float(np.median(own)),
                selected=selected_features(pipeline, model),
                candidates=len(candidates),
                chosen=candidate,
                warnings=caught,
                pipeline=pipeline if unit.keep_models else None,
            )
    return Fit(unit.blocks, unit.split, unit.fold, model.kind, warnings=caught, reason=reason)


def _ranked(
    model: Model,
    candidates: list[dict[str, Any]],
    inner: list[tuple[_Prefix, NDArray[np.float64], NDArray[Any], NDArray[Any]]],
    seed: int,
    caught: Counter[str],
) -> list[dict[str, Any]]:
    """Candidates by their share of concordant inner pairs, best first; ties keep the order, failures go last."""
    values: list[float] = []
    for candidate in candidates:
        pairs: list[Pairs] = []
        try:
            for prefix, X_test, y_train, y_test in inner:
                most = model.most_features(int(_event(y_train).sum()))
                kept = prefix.screen.best(min(candidate["k"], most))
                estimator = final_estimator(model, seed, **candidate).fit(prefix.X[:, kept], y_train)
                pairs.append(_pairs(y_test, risk_score(estimator, X_test[:, kept])))
            value = share(pairs)
        except NUMERICAL:
            caught[f"settings {candidate} could not be fitted"] += 1
            value = None
        values.append(-1.0 if value is None else value)
    order = sorted(range(len(candidates)), key=lambda i: -values[i])
    return [candidates[i] for i in order]


def _inner_prefixes(
    unit: Unit, task: str, caught: Counter[str]
) -> list[tuple[_Prefix, NDArray[np.float64], NDArray[Any], NDArray[Any]]]:
    """Fitted steps, transformed test rows, training and test outcomes of each inner fold; none if nobody searches."""
    train = unit.fold.train
    y = unit.y[train]
    events = int(_event(y).sum())
    if all(len(model.candidates(len(unit.columns), events)) < 2 for model in unit.models):
        return []
    seed = seed_of(unit.seed, unit.split, unit.fold.repeat, unit.fold.name, "inner")
    try:
        parts = grouped_folds(_event(y), unit.groups[train], unit.inner_folds, seed, both_classes=task == "binary")
    except FitError:
        caught["too few events for inner folds: the first settings were taken"] += 1
        return []
    found = []
    for inner_train, inner_test in parts:
        prefix = _fit_prefix(unit.X[train[inner_train]], y[inner_train], task)
        found.append((prefix, prefix.transform(unit.X[train[inner_test]]), y[inner_train], y[inner_test]))
    return found


def _fit_prefix(X: Any, y: NDArray[Any], task: Any) -> _Prefix:
    steps = prefix_steps()
    for _, step in steps:
        X = step.fit(X, y).transform(X)
    return _Prefix(steps, Screening(k=X.shape[1], task=task).fit(X, y), X)


def _event(y: NDArray[Any]) -> NDArray[np.bool_]:
    found: NDArray[np.bool_] = y if y.dtype == bool else y["event"]
    return found


def _pairs(y: NDArray[Any], score: NDArray[np.float64]) -> Pairs:
    rows = np.arange(len(y))
    return auc_pairs(rows, y, score) if y.dtype == bool else harrell_pairs(rows, y["event"], y["time"], score)


def _check_classes(event: NDArray[np.bool_], task: str) -> None:
    events, others = int(event.sum()), int((~event).sum())
    if events < 2 or (task == "binary" and others < 2):
        raise FitError(f"the training fold has {events} cases with and {others} without the event; needed: 2")


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
