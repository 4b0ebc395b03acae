"""evaluate: a Study over a Design."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from features.core.design import Design
from features.core.errors import FitError
from features.core.kinds.endpoint import Timed
from features.core.wording import counted
from features.fusion.part_of_block import block_of_word, check_apart
from features.fusion.sources import Source
from tasks.modelling.evaluation.by_horizon import horizons_of, incidences_table, scores_by_horizon
from tasks.modelling.evaluation.centre_told import centres_told
from tasks.modelling.evaluation.compare import between_centres, compare_fits
from tasks.modelling.evaluation.controlled import controlled
from tasks.modelling.evaluation.fit import Fit
from tasks.modelling.evaluation.groups import risk_groups
from tasks.modelling.evaluation.judge import judge
from tasks.modelling.evaluation.label_noise import label_noise
from tasks.modelling.evaluation.predictions import predictions_table, probabilities_table
from tasks.modelling.evaluation.result import HeldOut, StudyResult, Tuned
from tasks.modelling.evaluation.scoring import chosen_of, held_out_parts, score_fits, selected_of, shares_of
from tasks.modelling.evaluation.seeds import seed_of
from tasks.modelling.evaluation.single import best_singles
from tasks.modelling.evaluation.study import Study
from tasks.modelling.evaluation.unit import Unit, run_unit
from tasks.modelling.evaluation.worth import worth_of
from tasks.modelling.rows import Rows
from tasks.modelling.splits.split import Fold, Split, apparent_folds, cut_folds
from tasks.modelling.target import Target

MINIMUM_CASES, MINIMUM_EVENTS = 10, 5
SMALL_CASES, SMALL_EVENTS = 50, 20
REMEDY = "add patients or cohorts, or predict what was seen more often"
MapUnits = Callable[[Callable[[Unit], list[Fit]], Iterable[Unit]], Iterable[list[Fit]]]
Progress = Callable[[str, int, int], None]


def evaluate(
    design: Design,
    study: Study,
    *,
    progress: Progress | None = None,
    keep_models: bool = False,
    map_units: MapUnits = map,
    sources: Sequence[Source] = (),
) -> StudyResult:
    """Scores of every model on every set of blocks under every split, out of fold, with intervals.

    Where patients have several rows, all that are not held out train; a patient is predicted and scored at one visit alone.

    Everything fitted is fitted on training folds. Settings are chosen on inner folds; the inner scores are not reported.
    map_units: `map`, or an ordered map of a process pool (each unit is a pure function of its argument).
    sources: groups of columns that are scored alone too, beside their stability; the rest of the result is the same without them.
    progress: called with a label, the units done and their number.
    Equal designs and studies give equal results. Raises FitError for too few cases or events, infinite values,
    models of another kind of endpoint, or sets of blocks without columns.
    """
    once = design.once
    develops = once.take(np.flatnonzero(once.develops))
    check_floor(develops, study)
    check_finite(design, study)
    blocks = block_sets(design, study)
    folds, refused = _cut(design, study)
    total = sum(len(found) + split.apparent for split, found in folds.items()) * len(_seen_alike(design, study, blocks))
    every: list[Fit] = []
    units = _units(design, study, blocks, folds, keep_models)
    for done, found in enumerate(map_units(run_unit, units), start=1):
        every += found
        if progress:
            progress(f"{found[0].split} · {found[0].fold.name}", done, total)
    fits = [fit for fit in every if not fit.fold.apparent]
    with threadpool_limits(limits=1):
        scores = score_fits(design, study, blocks, every, refused)
        days = horizons_of(study, design)
        by_horizon = scores_by_horizon(design, study, blocks, every, refused, days)
        of_once = _folds_of_once(design, folds)
        singles = best_singles(once, _blocks_of(study), _shown(of_once), study.seed)
        comparisons = compare_fits(design, study, blocks, fits)
        between = between_centres(design, study, blocks, fits)
        claims = judge(design, study, fits, scores)
        of_columns = [one for one in study.models if not one.model.of_images]
        with_columns = {name: columns for name, columns in blocks.items() if columns}
        told = centres_told(once, of_columns, with_columns, of_once, study.seed)
    worth = worth_of(
        design,
        study,
        sources,
        folds,
        lambda alone, sets, cut: map_units(run_unit, _units(design, alone, sets, cut, False)),
    )
    under = controlled(
        design,
        study,
        blocks,
        folds,
        lambda parts: map_units(run_unit, (unit for part in parts for unit in _units(*part, False))),
    )
    predictions = predictions_table(design, fits)
    warned: Counter[str] = Counter()
    for fit in fits:
        warned.update(fit.warnings + fit.remarks)
    return StudyResult(
        study=study.name,
        digest=study.digest(),
        endpoint=design.endpoint,
        n=len(develops.X),
        events=count_events(develops),
        scarce=design.endpoint.scarce(develops.outcome),
        counted=design.endpoint.counted(develops.outcome),
        patients=len(np.unique(develops.patients)),
        centres={str(k): int(v) for k, v in zip(*np.unique(develops.centres, return_counts=True), strict=True)},
        blocks={name: tuple(columns) for name, columns in blocks.items()},
        flow=design.flow,
        scores=scores,
        predictions=predictions,
        probabilities=probabilities_table(design, fits),
        incidences=incidences_table(design, fits, days),
        by_horizon=by_horizon,
        selected=selected_of(fits),
        shares=shares_of(lambda name: design.of_set(study.blocks.get(name, ())), blocks, fits),
        groups=risk_groups(
            predictions, design.endpoint, {split.kind for split in study.splits if split.predicts_held_out}
        ),
        tuned=_tuned(study, blocks, fits),
        small=small_sentence(develops),
        warnings=dict(sorted(warned.items())),
        chosen=chosen_of(fits),
        copies=design.copies,
        label_noise=label_noise(design),
        singles=singles,
        centre_told=told,
        comparisons=comparisons,
        claims=claims,
        between=between,
        controlled=under,
        uncommon=design.uncommon,
        worth=worth,
        held_out=tuple(_held_out(once, role, cohort, rows) for (role, cohort), rows in held_out_parts(once)),
        models={
            (fit.split, fit.fold.repeat, fit.fold.name, fit.blocks, fit.model): fit.fitted
            for fit in fits
            if fit.fitted is not None
        },
    )


def count_events(design: Design) -> int | None:
    """How many of a design had an event; None for endpoints without any."""
    return int(design.event.sum()) if design.endpoint.has_events else None


def _held_out(design: Design, role: str, cohort: str, rows: NDArray[np.intp]) -> HeldOut:
    own = design.take(rows)
    counted = design.endpoint.counted(own.outcome)
    return HeldOut(cohort, role, len(rows), count_events(own), len(np.unique(own.patients)), counted)


def block_sets(design: Design, study: Study) -> dict[str, list[str]]:
    """Name → columns of each set of blocks: the baselines first ("clinical", "volume"), where there are such columns.

    volume: columns of the block region whose name holds "volume". A set of images alone has none; where every candidate learns
    from images there are no baselines. Raises FitError for a block without columns.
    """
    clinical = design.columns("clinical")
    volume = [column for column in design.columns("region") if "volume" in column.lower()]
    baselines = {"clinical": clinical, "volume": volume}
    found = {
        name: columns
        for name, columns in baselines.items()
        if columns and name not in study.blocks and study.candidates_of(name)
    }
    for name, blocks in study.blocks.items():
        empty = [block for block in blocks if not design.columns(block) and block not in design.images]
        if empty:
            there = ", ".join(sorted({*design.blocks.values(), *design.images}))
            raise FitError(f'study {study.name}: the set "{name}" has no columns for {", ".join(empty)}; found {there}')
        check_apart(name, blocks, design.parts, design.blocks)
        found[name] = design.columns(*blocks)
    return found


def _shown(folds: Mapping[Split, list[Fold]]) -> list[Fold]:
    """Folds of nested cross-validation, or of the study's first split if it has none."""
    return next((found for split, found in folds.items() if split.kind == "nested"), next(iter(folds.values())))


def _blocks_of(study: Study) -> list[str]:
    """Blocks of the study's sets, and those of the baselines, each once."""
    own = (block_of_word(word, study.parts) for words in study.blocks.values() for word in words)
    return list(dict.fromkeys(["clinical", "region", *own]))


def small_sentence(design: Design) -> str:
    """A sentence for the report where few cases or events make every number uncertain, else ""."""
    endpoint, n = design.endpoint, len(design.X)
    if n >= SMALL_CASES and endpoint.scarce(design.outcome) >= SMALL_EVENTS:
        return ""
    seen = f"{counted(int(design.event.sum()), 'event')}" if endpoint.has_events else endpoint.counted(design.outcome)
    return (
        f"Small study: {counted(n, 'case')}, {seen}. Intervals are wide, where there are any, and differences between models are "
        "not reliable; read the scores as a feasibility check, not as evidence."
    )


def check_floor(design: Design, study: Study) -> None:
    """Raises FitError for models of another kind of endpoint, and for too few cases or events."""
    endpoint, n = design.endpoint, len(design.X)
    wrong = [one.name for one in study.models if endpoint.kind not in one.model.predictable]
    if wrong:
        raise FitError(f"study {study.name}: {', '.join(wrong)} cannot predict a {endpoint.kind} endpoint")
    if study.horizons and not isinstance(endpoint, Timed):
        raise FitError(
            f"study {study.name}: horizons are days of follow-up, and {study.endpoint} is {endpoint.kind}; leave them out"
        )
    if n < MINIMUM_CASES or endpoint.scarce(design.outcome) < MINIMUM_EVENTS:
        of_each = f" and {MINIMUM_EVENTS} {endpoint.of_each}" if endpoint.of_each else ""
        found = f"{counted(n, 'case')}, {endpoint.counted(design.outcome)}"
        raise FitError(f"study {study.name}: {found}; needed: {MINIMUM_CASES} cases{of_each}; {REMEDY}")


def check_finite(design: Design, study: Study) -> None:
    """Raises FitError for infinite values."""
    infinite = np.isinf(design.X.to_numpy(dtype=np.float64)).any(axis=0)
    if infinite.any():
        names = ", ".join(map(str, design.X.columns[infinite][:3]))
        hold = counted(int(infinite.sum()), "column holds", "columns hold")
        raise FitError(
            f"study {study.name}: {hold} infinite values, for example {names}; mend these cells, or leave them empty, which "
            "counts as missing"
        )


def _cut(design: Design, study: Study) -> tuple[dict[Split, list[Fold]], dict[str, str]]:
    """Folds of every split that the data allow, and the reasons of the others. Raises FitError if none is left."""
    folds: dict[Split, list[Fold]] = {}
    refused: dict[str, str] = {}
    for split in study.splits:
        try:
            found = cut_folds(split, design, seed_of(study.seed, "split", split.kind))
            folds[split] = [replace(fold, test=fold.test[design.scored[fold.test]]) for fold in found]
        except FitError as error:
            refused[split.kind] = str(error)
    if not folds:
        raise FitError(f"study {study.name}: {'; '.join(refused.values())}")
    return folds, refused


def _folds_of_once(design: Design, folds: Mapping[Split, list[Fold]]) -> dict[Split, list[Fold]]:
    """The folds as positions in the design without the visits that only train."""
    place = np.cumsum(design.scored) - 1
    return {
        split: [
            replace(fold, train=place[fold.train[design.scored[fold.train]]], test=place[fold.test]) for fold in found
        ]
        for split, found in folds.items()
    }


def _units(
    design: Design, study: Study, blocks: Mapping[str, list[str]], folds: Mapping[Split, list[Fold]], keep: bool
) -> Iterator[Unit]:
    """A unit for each fold; sets of blocks that name parts of blocks, which they see as blocks, have units of their own."""
    place = {name: i for i, name in enumerate(design.X.columns)}
    rows, target = Rows.of(design), Target(design.outcome, design.endpoint)
    for seen, names in _seen_alike(design, study, blocks):
        sets = {name: np.array([place[column] for column in blocks[name]], np.intp) for name in names}
        own = rows if seen is design else replace(rows, columns=Rows.of(seen).columns, images=Rows.of(seen).images)
        wanted = tuple((name, one) for name in sets for one in study.candidates_of(name))
        for split, found in folds.items():
            for fold in (*found, *apparent_folds(split, design)) if wanted else ():
                yield Unit(
                    split=split.kind,
                    fold=fold,
                    inner_folds=split.inner_folds,
                    rows=own,
                    target=target,
                    sets=sets,
                    wanted=wanted,
                    seed=study.seed,
                    keep_models=keep,
                    always=study.thresholds == "always",
                )


def _seen_alike(design: Design, study: Study, blocks: Mapping[str, list[str]]) -> list[tuple[Design, list[str]]]:
    """Sets of blocks by how they see the blocks of columns, with the design as they see it."""
    alike = [(design.of_set(()), names)] if (names := [n for n in blocks if not _own_of(design, study, n)]) else []
    return [*alike, *((design.of_set(study.blocks[n]), [n]) for n in blocks if _own_of(design, study, n))]


def _own_of(design: Design, study: Study, name: str) -> list[str]:
    """Words of parts and of images in a set of blocks."""
    return [word for word in study.blocks.get(name, ()) if word in design.parts or word in design.images]


def _tuned(study: Study, blocks: Mapping[str, list[str]], fits: list[Fit]) -> Tuned:
    most: dict[tuple[str, str], int] = {}
    for fit in fits:
        key = fit.blocks, fit.model
        most[key] = max(most.get(key, 0), fit.settings)
    inner = {split.kind: split.inner_folds for split in study.splits}
    tried = sum(fit.settings * inner[fit.split] if fit.settings > 1 else 0 for fit in fits)
    combinations = sum(len(study.candidates_of(name)) for name in blocks)
    return Tuned(len(blocks), len(study.models), combinations, sum(most.values()), tried + len(fits))
