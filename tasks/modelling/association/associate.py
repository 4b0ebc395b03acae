"""associate: every effect of an association study over a design, corrected over all of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from fnmatch import fnmatchcase

import numpy as np
import pandas as pd
from scipy.stats import false_discovery_control

from features.core.design import Design, FlowRow
from features.core.errors import FitError, RadweaveError, hint_sentence
from features.core.wording import counted
from tasks.modelling.association.claim import AssociationClaim, judge
from tasks.modelling.association.result import Association, AssociationResult, Shown, Together
from tasks.modelling.association.study import AssociationStudy
from tasks.modelling.association.unit import Measured, Unit, run_unit
from tasks.modelling.association.variable import Variable
from tasks.modelling.claims.claim import Judged
from tasks.modelling.comparisons.corrected import holm
from tasks.modelling.effects.effect import Effect, Floats, Sample

CHUNK = 40  # columns of a unit
MOST_SHOWN, MOST_TOGETHER = 4, 36
MapUnits = Callable[[Callable[[Unit], list[Measured]], Iterable[Unit]], Iterable[list[Measured]]]


def associate(
    design: Design, study: AssociationStudy, variables: Sequence[Variable], *, map_units: MapUnits = map
) -> AssociationResult:
    """Every effect of every column and every variable that it takes. Nothing is predicted, and nothing fitted is used again.

    variables: (n,) each, in the rows of the design. Of patients who are copies of one another the first counts. Equal designs and
    studies give equal results. Raises FitError if a patient has several rows, and an effect counts rows as independent;
    RadweaveError if a block, a pattern or a column that is held fixed is not there, or a variable has no effect that takes it.
    """
    _check_taken(study, variables)
    design, variables = _without_copies(design, variables)
    _check_rows(design, study)
    blocks = tested_columns(design, study)
    _check_claims(study, [column for own in blocks.values() for column in own])
    measured = [one for found in map_units(run_unit, _units(design, study, variables, blocks)) for one in found]
    rows = _corrected([row for row, _ in measured], study)
    return AssociationResult(
        study=study.name,
        digest=study.digest(),
        n=len(design.X),
        patients=len(np.unique(design.patients)),
        centres={str(k): int(v) for k, v in zip(*np.unique(design.centres, return_counts=True), strict=True)},
        flow=design.flow,
        blocks=blocks,
        variables=tuple(variables),
        rows=rows,
        by_centre=tuple(one for _, centres in measured for one in centres),
        tests=sum(row.p is not None for row in rows),
        shown=tuple(_shown(design, study, variables, rows)),
        together=_together(design, rows),
        copies=design.copies,
        late=design.late,
        claims=tuple(_judged(claim, study, rows) for claim in study.claims),
    )


def _check_claims(study: AssociationStudy, columns: Sequence[str]) -> None:
    """Raises RadweaveError for a claim about a column that is not tested."""
    for claim in study.claims:
        if not any(fnmatchcase(column, claim.columns) for column in columns):
            hint = hint_sentence(claim.columns.strip("*"), columns)
            raise RadweaveError(
                f'study {study.name}: the claim "{claim.says}": no tested column is like "{claim.columns}". {hint}'.strip()
            )


def _judged(claim: AssociationClaim, study: AssociationStudy, rows: Sequence[Association]) -> Judged:
    effect = next(one for one in study.effects if one.word == (claim.effect or study.effects[0].word))
    return judge(claim, rows, effect.null, effect.word)


def tested_columns(design: Design, study: AssociationStudy) -> dict[str, tuple[str, ...]]:
    """Block → the columns of it that are tested. Raises RadweaveError for a block without columns, or a pattern without any."""
    found: dict[str, tuple[str, ...]] = {}
    matched: set[str] = set()
    there: list[str] = []
    for block in study.blocks:
        own = design.columns(block)
        if not own:
            raise RadweaveError(
                f'study {study.name}: the block "{block}" has no column in these cohorts at {study.measured_at}'
            )
        there += own
        chosen = []
        for column in own:
            hits = [pattern for pattern in study.columns if fnmatchcase(column, pattern)]
            matched |= {*hits}
            chosen += [column] if hits else []
        found[block] = tuple(chosen)
    if lost := [pattern for pattern in study.columns if pattern not in matched]:
        raise RadweaveError(
            f'study {study.name}: no column of {", ".join(study.blocks)} is like "{lost[0]}"; there are '
            f"{counted(len(there), 'column')}, such as {there[0]}. {hint_sentence(lost[0], there)}".strip()
        )
    return found


def adjusted_columns(design: Design, words: Sequence[str]) -> tuple[Floats, frozenset[str]]:
    """The columns that words mean, (n, k), and the names of those of the design. Raises RadweaveError for an unknown word.

    A word is a column, a clinical variable (of a category, all its levels), or `centre` or `cohort`, each but the first.
    """
    parts: list[Floats] = []
    names: set[str] = set()
    for word in words:
        if word in ("centre", "cohort"):
            labels = design.centres if word == "centre" else design.cohorts
            parts += [(labels == one).astype(np.float64) for one in np.unique(labels)[1:]]
            continue
        own = [
            str(column)
            for column in design.X.columns
            if column in (word, f"clinical__{word}") or design.categories.get(str(column)) == f"clinical__{word}"
        ]
        if not own:
            late = design.late.get(word) or design.late.get(f"clinical__{word}")
            known = (
                f"it is known at {late}, after the columns" if late else hint_sentence(word, map(str, design.X.columns))
            )
            raise RadweaveError(
                f'adjusted_for: there is no column "{word}"; allowed: a column of the design, a clinical variable, centre, cohort. '
                f"{known}".strip()
            )
        names |= {*own}
        parts += [design.X[column].to_numpy(np.float64) for column in own]
    return (np.column_stack(parts) if parts else np.empty((len(design.X), 0))), frozenset(names)


def taken(effect: Effect, variables: Sequence[Variable]) -> list[Variable | None]:
    """The variables that an effect is measured on; None, once, of one of days alone."""
    return [one for one in variables if one.kind in effect.takes] if effect.needs_variable else [None]


def _units(
    design: Design, study: AssociationStudy, variables: Sequence[Variable], blocks: Mapping[str, tuple[str, ...]]
) -> Iterator[Unit]:
    block_of = {column: block for block, own in blocks.items() for column in own}
    columns = list(block_of)
    patients = np.unique(design.patients, return_inverse=True)[1].astype(np.intp)
    for effect in study.effects:
        adjusted, fixed = adjusted_columns(design, effect.adjusts)
        by = {"centre": design.centres, "cohort": design.cohorts}.get(effect.strata_by, np.full(len(patients), ""))
        strata = np.unique(by, return_inverse=True)[1].astype(np.intp)
        itself = dict.fromkeys(fixed, "the column is held fixed itself")
        for variable in taken(effect, variables):
            own = _own_columns(design, variable)
            for start in range(0, len(columns), CHUNK):
                part = columns[start : start + CHUNK]
                yield Unit(
                    effect,
                    variable,
                    part,
                    [block_of[column] for column in part],
                    design.X[part].to_numpy(np.float64),
                    adjusted,
                    patients,
                    strata,
                    design.centres,
                    design.days,
                    study.least_cases,
                    {**itself, **dict.fromkeys(own, "the column is the variable itself")},
                )


def _own_columns(design: Design, variable: Variable | None) -> list[str]:
    """Columns that are the variable itself, or a level of it."""
    if variable is None:
        return []
    clinical = f"clinical__{variable.word}"
    return [
        str(c) for c in design.X.columns if c in (variable.word, clinical) or design.categories.get(str(c)) == clinical
    ]


def _check_taken(study: AssociationStudy, variables: Sequence[Variable]) -> None:
    """Raises RadweaveError for a variable without an effect, and an effect without a variable."""
    for variable in variables:
        if not any(variable.kind in effect.takes for effect in study.effects if effect.needs_variable):
            takes = "; ".join(f"{e.word} takes {', '.join(sorted(e.takes))}" for e in study.effects)
            raise RadweaveError(
                f'study {study.name}: no effect takes the variable "{variable.word}", which is {variable.kind}: {takes}'
            )
    for effect in study.effects:
        if not taken(effect, variables):
            have = ", ".join(f"{one.word} ({one.kind})" for one in variables)
            raise RadweaveError(
                f"study {study.name}: the effect {effect.word} takes {', '.join(sorted(effect.takes))}, and the variables are "
                f"{have}"
            )


def _check_rows(design: Design, study: AssociationStudy) -> None:
    """Raises FitError if a patient has several rows, and an effect would count them as independent."""
    single = [effect.word for effect in study.effects if not effect.repeated]
    several = int((np.unique(design.patients, return_counts=True)[1] > 1).sum())
    if single and several:
        raise FitError(
            f"study {study.name}: {counted(several, 'patient has', 'patients have')} several rows, and {', '.join(single)} would "
            "count them as independent: say lesions: largest, sum or mean, or take mixed_effects"
        )


def _without_copies(design: Design, variables: Sequence[Variable]) -> tuple[Design, list[Variable]]:
    """The first patient of each group of copies alone, with a step in the flow of cases."""
    groups = design.groups
    first = dict(reversed(list(zip(groups, design.patients, strict=True))))
    stays = np.array([first[group] == patient for group, patient in zip(groups, design.patients, strict=True)])
    if stays.all():
        return design, list(variables)
    flow = list(design.flow)
    for name in dict.fromkeys(design.cohorts.tolist()):
        own = design.cohorts == name
        before, after = (len(np.unique(design.patients[own & rows])) for rows in (np.ones(len(own), bool), stays))
        if before > after:
            flow.append(
                FlowRow(f"{name}: each patient once", before, after, {"copy of another patient": before - after})
            )
    rows = np.flatnonzero(stays)
    left = [replace(v, y=v.y[rows], days=None if v.days is None else v.days[rows]) for v in variables]
    return replace(design.take(rows), flow=tuple(flow)), left


def _corrected(rows: Sequence[Association], study: AssociationStudy) -> tuple[Association, ...]:
    """The rows with their corrected p, by p; those without one last, as they came."""
    tested = [row for row in rows if row.p is not None]
    p = [float(row.p) for row in tested if row.p is not None]
    corrected = (holm(p) if study.correction == "holm" else false_discovery_control(p).tolist()) if p else []
    found = [
        replace(row, p_corrected=float(q), discovery=bool(q <= study.alpha))
        for row, q in zip(tested, corrected, strict=True)
    ]
    return (*sorted(found, key=lambda row: row.p or 0.0), *(row for row in rows if row.p is None))


def _shown(
    design: Design, study: AssociationStudy, variables: Sequence[Variable], rows: Sequence[Association]
) -> Iterator[Shown]:
    """The first ones with their cases, each column and variable once; those over follow-up are told by the forest plot."""
    seen: set[tuple[str, str]] = set()
    words = {variable.word: variable for variable in variables}
    effects = {effect.word: effect for effect in study.effects}
    patients = np.unique(design.patients, return_inverse=True)[1].astype(np.intp)
    for row in rows:
        variable = words.get(row.variable)
        if len(seen) == MOST_SHOWN or row.p is None:
            return
        if (row.column, row.variable) in seen or (variable is not None and variable.kind == "follow_up"):
            continue
        seen.add((row.column, row.variable))
        x = design.X[row.column].to_numpy(np.float64)
        used = np.isfinite(x) & (True if variable is None else np.isfinite(variable.y))
        if effects[row.effect].needs_days and design.days is not None:
            used &= np.isfinite(design.days)
        sample = Sample(
            x[used],
            None if variable is None else variable.y[used],
            None if variable is None else variable.kind,
            patients[used],
            np.empty((int(used.sum()), 0)),
            np.zeros(int(used.sum()), np.intp),
            None,
            None if design.days is None else design.days[used],
        )
        yield Shown(row, variable, sample, design.centres[used])


def _together(design: Design, rows: Sequence[Association]) -> Together | None:
    """Columns with each other: the first ones of each block by p, block by block; None of fewer than two."""
    first: dict[str, list[str]] = {}
    for row in rows:
        own = first.setdefault(row.block, [])
        if row.p is not None and row.column not in own:
            own.append(row.column)
    most = max(1, MOST_TOGETHER // max(1, len(first)))
    pairs = [(column, block) for block, own in first.items() for column in own[:most]]
    if len(pairs) < 2:
        return None
    columns = [column for column, _ in pairs]
    rho = pd.DataFrame(design.X[columns].to_numpy(np.float64)).corr(method="spearman").to_numpy(np.float64)
    return Together(tuple(columns), tuple(block for _, block in pairs), rho)
