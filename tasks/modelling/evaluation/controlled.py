"""controlled: each set of blocks under the controls of a study, by its first candidate."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace

import numpy as np

from features.core.design import Design
from features.core.errors import FitError
from tasks.modelling.controls.control import Control, Given, Run
from tasks.modelling.evaluation.comparison import BASELINES, Controlled
from tasks.modelling.evaluation.fit import Fit
from tasks.modelling.evaluation.scoring import scored_of
from tasks.modelling.evaluation.seeds import seed_of
from tasks.modelling.evaluation.study import Study
from tasks.modelling.metrics.metric import metrics_of
from tasks.modelling.splits.split import SPLITS, Fold, Split, cut_folds

Part = tuple[Design, Study, Mapping[str, list[str]], Mapping[Split, list[Fold]]]
FitParts = Callable[[Iterable[Part]], Iterable[list[Fit]]]


def controlled(
    design: Design, study: Study, blocks: Mapping[str, list[str]], folds: Mapping[Split, list[Fold]], fits: FitParts
) -> tuple[Controlled, ...]:
    """Every set that is no baseline under every control, by the first candidate of the study and one repeat of nested
    cross-validation; without that split, of its first one that holds nothing out, or of five folds.

    fits: the fits of parts, unit by unit, in their order.
    """
    if not study.controls:
        return ()
    split = _split(folds)
    develops = np.flatnonzero(design.develops)
    own = design.take(develops)
    try:
        first = tuple(_first(folds[split], develops) if split in folds else _cut_by(split, study)(own))
    except FitError as error:
        why, first = str(error), ()
    metric, found = metrics_of(own.endpoint)[0].kind, list[Controlled]()
    for name in (name for name in blocks if name not in BASELINES):
        candidate = study.candidates_of(name)[0]
        alone = study.model_copy(update={"models": (candidate,), "splits": (split,)})
        columns, model = tuple(blocks[name]), candidate.name
        seen = own.of_set(study.blocks.get(name, ()))
        if not first:
            found += [
                Controlled(one.kind, one.says, name, model, split.kind, metric, "", None, (), None, why)
                for one in study.controls
            ]
            continue
        real = Run("as it is", seen, columns, first)
        (plain,) = _fitted([real], name, name, alone, split, fits)
        used = [len(fit.selected) for fit in plain if fit.prediction is not None]
        value, within = _value(real, plain)
        for control in study.controls:
            if study.shows(name) and not control.of_images:
                why = f"{control.kind} changes columns, and {model} learns from images"
                found.append(
                    Controlled(
                        control.kind, control.says, name, model, split.kind, metric, within, value, (), None, why
                    )
                )
                continue
            rng = np.random.default_rng(seed_of(study.seed, "control", control.kind, name))
            given = Given(seen, columns, first, int(np.median(used)) if used else 0, _cut_by(split, study), rng)
            told = Controlled(control.kind, control.says, name, model, split.kind, metric, within, value, (), None)
            found.append(_under(told, control, given, alone, split, fits))
    return tuple(found)


def _split(folds: Mapping[Split, list[Fold]]) -> Split:
    nested = next((one for one in folds if one.kind == "nested"), None)
    others = (one for one in folds if not (one.predicts_held_out or one.apparent))
    return nested or next(others, SPLITS.parse({"kind": "nested", "folds": 5, "repeats": 1}))


def _under(told: Controlled, control: Control, given: Given, alone: Study, split: Split, fits: FitParts) -> Controlled:
    try:
        runs = control.runs(given)
    except FitError as error:
        return replace(told, reason=str(error))
    name = f"{told.blocks} {control.kind}"
    scores = [
        (run.label, _value(run, own, told.within)[0])
        for run, own in zip(runs, _fitted(runs, name, told.blocks, alone, split, fits), strict=True)
    ]
    known = [score for _, score in scores if score is not None]
    p = None
    if control.is_null and told.value is not None and known:
        p = (1 + sum(score >= told.value for score in known)) / (len(known) + 1)
    return replace(told, runs=tuple(scores), p=p)


def _fitted(
    runs: Sequence[Run], name: str, blocks: str, alone: Study, split: Split, fits: FitParts
) -> Iterable[list[Fit]]:
    """The fits of each run. Sets have names of their own, since rows and columns differ between runs; they name what it names."""
    words = alone.blocks.get(blocks, ())
    parts = []
    for i, run in enumerate(runs):
        own = alone.model_copy(update={"blocks": {f"{name} {i}": words}})
        parts.append((run.design, own, {f"{name} {i}": list(run.columns)}, {split: list(run.folds)}))
    units = iter(fits(parts))
    for run in runs:
        yield [fit for _ in run.folds for fit in next(units)]


def _value(run: Run, fits: Sequence[Fit], within: str | None = None) -> tuple[float | None, str]:
    """The first metric of the endpoint; within centres where there are several and it is defined. None if a fold failed."""
    scored = [scored_of(run.design, fit, fit.prediction) for fit in fits if fit.prediction is not None]
    metric = metrics_of(run.design.endpoint)[0]
    if len(scored) < len(fits) or not scored:
        return None, within or ""
    several = len(np.unique(run.design.centres)) > 1 if within is None else bool(within)
    if several and (value := metric.value(scored, within=True)) is not None:
        return value, "centre"
    return (metric.value(scored), "") if within is None or not within else (None, within)


def _first(folds: Sequence[Fold], develops: np.ndarray[tuple[int], np.dtype[np.intp]]) -> list[Fold]:
    """Those of the first repeat, as positions among the rows that develop models."""
    place = np.searchsorted(develops, np.arange(int(develops.max()) + 1))
    return [replace(fold, train=place[fold.train], test=place[fold.test]) for fold in folds if fold.repeat == 0]


def _cut_by(split: Split, study: Study) -> Callable[[Design], Sequence[Fold]]:
    once = split.model_copy(update={"repeats": 1}) if hasattr(split, "repeats") else split

    def cut(design: Design) -> Sequence[Fold]:
        found = cut_folds(once, design, seed_of(study.seed, "split", split.kind))
        return [replace(fold, test=fold.test[design.scored[fold.test]]) for fold in found]

    return cut
