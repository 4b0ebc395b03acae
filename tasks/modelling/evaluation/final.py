"""fit_final: one candidate on one set of blocks, fitted on every case that develops models of a study."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from features.core.design import EXTERNAL, Design
from features.core.errors import DataError, FitError, did_you_mean
from features.core.kinds.endpoint import Endpoint
from features.core.outcome import Outcome
from features.core.wording import counted
from tasks.modelling.candidate import Candidate
from tasks.modelling.decisions.probability import Line
from tasks.modelling.evaluation.evaluate import block_sets, check_finite, check_floor, count_events
from tasks.modelling.evaluation.recalibration import Recalibration
from tasks.modelling.evaluation.study import Study
from tasks.modelling.evaluation.unit import Unit, run_unit
from tasks.modelling.fusion.fusion import Fitted
from tasks.modelling.prediction import Prediction
from tasks.modelling.preprocessing.harmoniser import Harmoniser
from tasks.modelling.rows import Columns, Rows
from tasks.modelling.splits.split import Fold, Split
from tasks.modelling.target import Target

FINAL = "final"  # in the place of a split that trains on all rows
MOST_NAMED = 20  # columns that a sentence names


@dataclass(frozen=True, eq=False)
class Final:
    """A candidate as fitted on all training rows, with what those who use it elsewhere need to know.

    blocks, model: names, as the study has them. columns: those that it needs, in their order. covariates: clinical columns that
    its harmonisers look at. units: column → unit, of those whose unit is known. settings: how many inner folds chose from;
    chosen: the choice. cut, line: as in Fit: what makes a decision and a probability of a risk, NaN where nothing was learnt.
    selected: column → weight, of those that it uses. levels: classes, ranks, causes or labels of the outcome, in their order.
    seen: the outcomes of the training cases, sorted, so that none tells whose it is: metrics of follow-up weigh by them.
    n, events, counted, patients, centres: of the training rows, as in StudyResult; cohorts: whose they are. warnings, remarks:
    as in Fit, of training rows alone. recalibration: what made another model of it at a new centre, if anything.
    """

    study: str
    blocks: str
    model: str
    candidate: Candidate
    columns: Columns
    covariates: tuple[str, ...]
    fitted: Fitted
    endpoint: Endpoint
    levels: tuple[str, ...]
    seen: Outcome
    settings: int
    chosen: Mapping[str, Any]
    cut: float
    line: Line
    selected: Mapping[str, float]
    shares: Mapping[str, float]
    n: int
    events: int | None
    counted: str
    patients: int
    centres: Mapping[str, int]
    cohorts: tuple[str, ...]
    warnings: Counter[str] = field(default_factory=Counter)
    remarks: Counter[str] = field(default_factory=Counter)
    units: Mapping[str, str] = field(default_factory=dict)
    recalibration: Recalibration | None = None

    @property
    def seen_cohorts(self) -> tuple[str, ...]:
        """Cohorts whose cases it has seen: those that trained it, and the one that it was recalibrated on."""
        return (*self.cohorts, *([] if self.recalibration is None else [self.recalibration.cohort]))

    def predict(self, rows: Rows) -> Prediction:
        """What it says of rows of any cohort that have its columns, by name and in any order; more columns do no harm.

        Raises DataError that names what is missing; FitError for a centre that a harmoniser was not fitted on and refuses.
        """
        return self.fitted.predict(self.needed(rows))

    def remarks_on(self, rows: Rows) -> Counter[str]:
        """What is done to these rows that a reader has to know, with how often. Raises as `predict`."""
        return self.fitted.remarks(self.needed(rows))

    def needed(self, rows: Rows) -> Rows:
        """Rows with its columns alone, in their order. Raises DataError that names each that is missing, the covariates too."""
        place = {name: i for i, name in enumerate(rows.columns.names.tolist())}
        named = self.columns.names.tolist()
        missing = [name for name in named if name not in place]
        missing += [name for name in self.covariates if name not in rows.covariates and name not in missing]
        if missing:
            there = [name for name in place if name not in set(named)]
            raise DataError(_lacks(f"the model {self.model} of {self.study}", missing, there))
        X = np.ascontiguousarray(rows.X[:, [place[name] for name in named]])
        return replace(rows, X=X, columns=self.columns)


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


def _lacks(who: str, missing: list[str], there: list[str]) -> str:
    shown = _list(missing[:MOST_NAMED])
    more = f" and {len(missing) - MOST_NAMED} more" if len(missing) > MOST_NAMED else ""
    hints = [f"{name}: {hint}" for name in missing[:MOST_NAMED] if (hint := did_you_mean(name, there))]
    is_missing = counted(len(missing), "column is", "columns are")
    return "; ".join([f"{who}: {is_missing} missing that it was fitted on: {shown}{more}", *hints])


def _list(names: list[str]) -> str:
    return ", ".join(names)
