"""fit_final: one candidate on one set of blocks, fitted on every case that develops models of a study."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from features.core.design import EXTERNAL, Design
from features.core.errors import FitError, did_you_mean
from features.core.outcome import Outcome
from tasks.modelling.evaluation.evaluate import block_sets, check_finite, check_floor, count_events
from tasks.modelling.evaluation.final import Final
from tasks.modelling.evaluation.study import Study
from tasks.modelling.evaluation.unit import Unit, run_unit
from tasks.modelling.preprocessing.harmoniser import Harmoniser
from tasks.modelling.rows import Rows
from tasks.modelling.splits.split import Fold, Split
from tasks.modelling.target import Target

FINAL = "final"  # in the place of a split that trains on all rows


def fit_final(
    design: Design, study: Study, blocks: str, model: str, *, units: Mapping[str, str] | None = None
) -> Final:
    """The candidate `model` of a study on its set `blocks`, fitted on all rows that develop models; rows held out decide nothing.

    Settings are chosen on inner folds, as in the study, and of yes or no the threshold and the probabilities are learnt there too.
    Where the study has external cohorts it is the very model that predicted these.
    units: column → unit, as far as they are known. Equal designs and studies give equal bits. Raises FitError for a set or a
    candidate that the study does not have, and for what cannot be fitted.
    """
    develops = design.take(np.flatnonzero(design.develops))
    once = develops.once
    check_floor(once, study)
    check_finite(develops, study)
    sets = block_sets(develops, study)
    candidates = {one.name: one for one in study.models}
    for what, name, there in (("set of blocks", blocks, list(sets)), ("model", model, list(candidates))):
        if name not in there:
            hint = did_you_mean(name, there)
            raise FitError(
                "; ".join(filter(None, [f'study {study.name} has no {what} "{name}"', f"it has {_list(there)}", hint]))
            )
    every = np.arange(len(develops.X))
    place = {str(name): i for i, name in enumerate(develops.X.columns)}
    own = np.array([place[column] for column in sets[blocks]], np.intp)
    rows, candidate = Rows.of(develops.of_set(study.blocks.get(blocks, ()))), candidates[model]
    searched, word = _search(study)
    unit = Unit(
        split=word,
        fold=Fold(word, 0, every, every),
        inner_folds=searched.inner_folds,
        rows=rows,
        target=Target(develops.outcome, develops.endpoint),
        sets={blocks: own},
        wanted=((blocks, candidate),),
        seed=study.seed,
        keep_models=True,
        always=True,
    )
    (fit,) = run_unit(unit)
    if fit.fitted is None or fit.prediction is None:
        raise FitError(f"study {study.name}: {model} on {blocks} could not be fitted on all cases: {fit.reason}")
    columns = rows.columns.take(own)
    known = units or {}
    return Final(
        study=study.name,
        blocks=blocks,
        model=model,
        candidate=candidate,
        columns=columns,
        covariates=tuple(
            dict.fromkeys(name for step in candidate.steps if isinstance(step, Harmoniser) for name in step.known)
        ),
        fitted=fit.fitted,
        endpoint=develops.endpoint,
        levels=tuple(develops.outcome.levels),
        seen=_sorted(once.outcome),
        settings=fit.settings,
        chosen=fit.chosen,
        cut=fit.cut,
        line=fit.line,
        selected=fit.selected,
        shares=fit.shares,
        n=len(once.X),
        events=count_events(once),
        counted=develops.endpoint.counted(once.outcome),
        patients=len(np.unique(once.patients)),
        centres={str(k): int(v) for k, v in zip(*np.unique(once.centres, return_counts=True), strict=True)},
        cohorts=tuple(np.unique(develops.cohorts).tolist()),
        warnings=fit.warnings,
        remarks=fit.remarks,
        units={name: known[name] for name in columns.names.tolist() if name in known},
    )


def _search(study: Study) -> tuple[Split, str]:
    """The split whose inner folds choose settings, and the name that seeds are of: of external cohorts, whose models are this very
    one; else nested cross-validation, or the study's first.
    """
    by_kind = {split.kind: split for split in study.splits}
    if EXTERNAL in by_kind:
        return by_kind[EXTERNAL], EXTERNAL
    return by_kind.get("nested", study.splits[0]), FINAL


def _sorted(outcome: Outcome) -> Outcome:
    """By value, day and code: the order tells nobody."""
    parts = [np.atleast_2d(outcome.code.T).astype(np.float64)]
    parts += [part[None] for part in (outcome.days, outcome.value) if part is not None]
    return outcome.take(np.lexsort(np.vstack(parts)))


def _list(names: list[str]) -> str:
    return ", ".join(names)
