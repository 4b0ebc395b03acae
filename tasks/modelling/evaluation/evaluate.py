"""evaluate: a Study over a Design."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

import numpy as np
import pandas as pd
from threadpoolctl import threadpool_limits

from features.core.design import Design
from features.core.errors import FitError
from tasks.modelling.evaluation.groups import risk_groups
from tasks.modelling.evaluation.result import PREDICTION_COLUMNS, StudyResult, Tuned
from tasks.modelling.evaluation.scoring import score_fits, selected_of
from tasks.modelling.evaluation.seeds import seed_of
from tasks.modelling.evaluation.single import best_singles
from tasks.modelling.evaluation.study import Study
from tasks.modelling.evaluation.unit import Fit, Unit, run_unit
from tasks.modelling.metrics.concordance import bootstrap_weights
from tasks.modelling.splits.split import Fold, Split

MINIMUM_CASES, MINIMUM_EVENTS = 10, 5
SMALL_CASES, SMALL_EVENTS = 50, 20
MapUnits = Callable[[Callable[[Unit], list[Fit]], Iterable[Unit]], Iterable[list[Fit]]]
Progress = Callable[[str, int, int], None]


def evaluate(
    design: Design,
    study: Study,
    *,
    progress: Progress | None = None,
    keep_models: bool = False,
    map_units: MapUnits = map,
) -> StudyResult:
    """Scores of every model on every set of blocks under every split, out of fold, with intervals.

    Everything fitted is fitted on training folds. Settings are chosen on inner folds; the inner scores are not reported.
    map_units: `map`, or an ordered map of a process pool (each unit is a pure function of its argument).
    progress: called with a label, the units done and their number.
    Equal designs and studies give equal results. Raises FitError for too few cases or events, infinite values,
    models of another kind of endpoint, or sets of blocks without columns.
    """
    _check_floor(design, study)
    blocks = block_sets(design, study)
    folds, refused = _cut(design, study)
    total = len(blocks) * sum(len(found) for found in folds.values())
    fits: list[Fit] = []
    units = _units(design, study, blocks, folds, keep_models)
    for done, found in enumerate(map_units(run_unit, units), start=1):
        fits += found
        if progress:
            progress(f"{found[0].split} · {found[0].blocks} · {found[0].fold.name}", done, total)
    with threadpool_limits(limits=1):
        rng = np.random.default_rng(seed_of(study.seed, "bootstrap"))
        weights = bootstrap_weights(design.groups, study.bootstrap, rng)
        scores = score_fits(design, study, blocks, fits, refused, weights)
        singles = best_singles(design, _blocks_of(study), _shown(folds), study.seed)
    predictions = _predictions(design, fits)
    warned: Counter[str] = Counter()
    for fit in fits:
        warned.update(fit.warnings)
    n, events = len(design.X), int(design.event.sum())
    survival = design.endpoint.kind == "survival"
    return StudyResult(
        study=study.name,
        digest=study.digest(),
        endpoint=design.endpoint,
        n=n,
        events=events,
        patients=len(np.unique(design.patients)),
        centres={str(k): int(v) for k, v in zip(*np.unique(design.centres, return_counts=True), strict=True)},
        blocks={name: tuple(columns) for name, columns in blocks.items()},
        flow=design.flow,
        scores=scores,
        predictions=predictions,
        selected=selected_of(fits),
        groups=risk_groups(predictions) if survival else (),
        tuned=_tuned(study, blocks, fits),
        small=small_sentence(n, events, survival=survival),
        warnings=dict(sorted(warned.items())),
        copies=design.copies,
        singles=singles,
        models={
            (fit.split, fit.fold.repeat, fit.fold.name, fit.blocks, fit.model): fit.pipeline
            for fit in fits
            if fit.pipeline is not None
        },
    )


def block_sets(design: Design, study: Study) -> dict[str, list[str]]:
    """Name → columns of each set of blocks: the baselines first ("clinical", "volume"), where there are such columns.

    volume: columns of the block region whose name holds "volume". Raises FitError for a block without columns.
    """
    clinical = design.columns("clinical")
    volume = [column for column in design.columns("region") if "volume" in column.lower()]
    baselines = {"clinical": clinical, "volume": volume}
    found = {name: columns for name, columns in baselines.items() if columns and name not in study.blocks}
    for name, blocks in study.blocks.items():
        empty = [block for block in blocks if not design.columns(block)]
        if empty:
            there = ", ".join(sorted(set(design.blocks.values())))
            raise FitError(f'study {study.name}: the set "{name}" has no columns for {", ".join(empty)}; found {there}')
        found[name] = design.columns(*blocks)
    return found


def _shown(folds: Mapping[Split, list[Fold]]) -> list[Fold]:
    """Folds of nested cross-validation, or of the study's first split if it has none."""
    return next((found for split, found in folds.items() if split.kind == "nested"), next(iter(folds.values())))


def _blocks_of(study: Study) -> list[str]:
    """Blocks of the study's sets, and those of the baselines, each once."""
    return list(dict.fromkeys(["clinical", "region", *(block for found in study.blocks.values() for block in found)]))


def small_sentence(n: int, events: int, *, survival: bool) -> str:
    """A sentence for the report where few cases or events make every number uncertain, else ""."""
    fewest = events if survival else min(events, n - events)
    if n >= SMALL_CASES and fewest >= SMALL_EVENTS:
        return ""
    return (
        f"Small study: {n} cases, {events} events. The intervals are wide and differences between models are not "
        "reliable; read the scores as a feasibility check, not as evidence."
    )


def _check_floor(design: Design, study: Study) -> None:
    kind = design.endpoint.kind
    wrong = [model.kind for model in study.models if model.task != kind]
    if wrong:
        raise FitError(f"study {study.name}: {', '.join(wrong)} cannot predict a {kind} endpoint")
    n, events = len(design.X), int(design.event.sum())
    fewest = events if kind == "survival" else min(events, n - events)
    if n < MINIMUM_CASES or fewest < MINIMUM_EVENTS:
        raise FitError(
            f"study {study.name}: {n} cases, {events} with and {n - events} without the event; needed: "
            f"{MINIMUM_CASES} cases and {MINIMUM_EVENTS} {'events' if kind == 'survival' else 'of either class'}"
        )
    infinite = np.isinf(design.X.to_numpy(dtype=np.float64)).any(axis=0)
    if infinite.any():
        names = ", ".join(map(str, design.X.columns[infinite][:3]))
        raise FitError(f"study {study.name}: {int(infinite.sum())} columns hold infinite values, for example {names}")


def _cut(design: Design, study: Study) -> tuple[dict[Split, list[Fold]], dict[str, str]]:
    """Folds of every split that the data allow, and the reasons of the others. Raises FitError if none is left."""
    folds: dict[Split, list[Fold]] = {}
    refused: dict[str, str] = {}
    for split in study.splits:
        try:
            folds[split] = split.cut(design, seed_of(study.seed, "split", split.kind))
        except FitError as error:
            refused[split.kind] = str(error)
    if not folds:
        raise FitError(f"study {study.name}: {'; '.join(refused.values())}")
    return folds, refused


def _units(
    design: Design, study: Study, blocks: Mapping[str, list[str]], folds: Mapping[Split, list[Fold]], keep: bool
) -> Iterator[Unit]:
    groups = design.groups
    for name, columns in blocks.items():
        X = np.ascontiguousarray(design.X[columns].to_numpy(dtype=np.float64))
        for split, found in folds.items():
            for fold in found:
                yield Unit(
                    blocks=name,
                    split=split.kind,
                    fold=fold,
                    inner_folds=split.inner_folds,
                    X=X,
                    columns=columns,
                    y=design.y,
                    groups=groups,
                    models=study.models,
                    seed=study.seed,
                    keep_models=keep,
                )


def _predictions(design: Design, fits: list[Fit]) -> pd.DataFrame:
    cases = design.X.index.to_numpy()
    time = design.y["time"] if design.endpoint.kind == "survival" else np.full(len(cases), np.nan)
    parts: dict[str, list[Any]] = {column: [] for column in PREDICTION_COLUMNS}
    for fit in fits:
        if fit.scores is None:
            continue
        rows, size = fit.fold.test, len(fit.fold.test)
        facts = (fit.split, fit.fold.repeat, fit.fold.name, fit.blocks, fit.model)
        values = (cases[rows], design.centres[rows], design.patients[rows])
        outcome = (fit.scores, fit.scores > fit.threshold, design.event[rows], time[rows])
        for column, value in zip(
            PREDICTION_COLUMNS, (*([fact] * size for fact in facts), *values, *outcome), strict=True
        ):
            parts[column].append(np.asarray(value))
    return pd.DataFrame({column: np.concatenate(part) if part else [] for column, part in parts.items()})


def _tuned(study: Study, blocks: Mapping[str, list[str]], fits: list[Fit]) -> Tuned:
    most: dict[tuple[str, str], int] = {}
    for fit in fits:
        key = fit.blocks, fit.model
        most[key] = max(most.get(key, 0), fit.candidates)
    inner = {split.kind: split.inner_folds for split in study.splits}
    tried = sum(fit.candidates * inner[fit.split] if fit.candidates > 1 else 0 for fit in fits)
    return Tuned(len(blocks), len(study.models), sum(most.values()), tried + len(fits))
