"""fuse: the design table of a study from the mart, with a flow of cases in which every exclusion has a reason."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from features.core.catalog.catalog import Catalog
from features.core.catalog.genomic_source import GenomicTable, MatrixTable
from features.core.design import Design
from features.core.errors import FitError, RadweaveError
from features.core.images import IMAGES, Images
from features.core.kinds.delta import same_spans
from features.core.outcome import Outcome
from features.fusion.cohort_part import Part, cohort_part
from features.fusion.cohort_tables import block_of
from features.fusion.column_facts import column_facts
from features.fusion.held_out import held_out_rows, with_copies, with_same_columns, with_seen_classes, without_split
from features.fusion.kept_images import kept_images
from features.fusion.labelled import with_labels
from features.fusion.landmark_cohorts import check_landmark_cohorts
from features.fusion.leakage import check_leakage
from features.fusion.missing import count_lacking
from features.fusion.question import Question
from features.fusion.repeated import scored_rows, visits_up_to
from features.fusion.same_endpoint import check_same_endpoint
from features.results.manifest import Mart


def fuse(mart: Mart, catalog: Catalog, question: Question) -> Design:
    """One row per case at the prediction time point, with outcome; columns of all blocks, float, NaN where missing.

    Joins are one patient to one clinical and one genomic row, one case to one row of each image block, and of ready-made
    features to one row of its patient, or of its lesion. Where no recipe is asked for, all patients are cases. A case without a
    modality, or any value of a block, keeps NaN there, to be imputed inside training folds, or is excluded if the question
    says so. Patients of all cohorts with one image or one row of numbers are named as copies; a held-out one who is a copy of a
    patient who trains leaves, with a reason in the flow. Held-out rows decide nothing of the others.
    An image is usable if it passed the checks and gave features for at least one extractor of the question's recipes.
    Predictors known after the prediction time are left out by name (`late`). Lesions become rows of their own, or one row
    of their patient. Raises RadweaveError if cohort, endpoint or time point are unknown, a delta is known too late, cohorts
    mean different things by one word, a recipe was fitted on a cohort's images, the mart was built with other settings, all
    of a named block is known too late, a predictor alone tells the outcome, an external cohort lacks a column, or a part of a block
    has no columns; StoreError if a cohort was not refreshed; FitError if no case is left.
    """
    check_landmark_cohorts(question.recipes, question.all_cohorts)
    cohorts = {name: catalog.cohort(name).timepoints for name in question.all_cohorts}
    if all(question.predict_at in timepoints for timepoints in cohorts.values()):
        same_spans(question.deltas, cohorts, question.predict_at)
    parts = [cohort_part(mart, catalog, name, question.of(name)) for name in question.all_cohorts]
    training = parts[: len(question.cohorts)]
    endpoint = parts[0].endpoint
    with_outcome = [name for name in question.all_cohorts if name not in question.without_outcome]
    check_same_endpoint({name: catalog.cohort(name) for name in with_outcome}, question.endpoint)
    _check_same_meaning(catalog, question)
    _check_same_units(question, parts)
    X = _predictors(parts)
    if not any(len(part.X) for part in training):
        needed = [f'the endpoint "{question.endpoint}"'] if question.endpoint else []
        needed += ["a usable image"] if question.recipes else []
        raise FitError(f"no case has {' and '.join(needed)}" if needed else "no table holds a patient")
    table = pd.concat([part.table for part in parts])
    alone = question.cohorts if len(training) == 1 else ()  # its centres keep their names, whoever is external
    centres = [t if c in alone else f"{c}:{t}" for c, t in zip(table["cohort"], table["centre"], strict=True)]
    blocks = {column: block_of(column, question.recipes) for column in X.columns}
    patients = (table["cohort"] + ":" + table["patient"]).to_numpy(str)
    design = Design(
        X=X,
        blocks=blocks,
        outcome=_outcomes(parts, question),
        endpoint=endpoint,
        patients=patients,
        centres=np.array(centres),
        flow=tuple(row for part in parts for row in part.flow),
        cohort_table=table,
        late={column: when for part in training for column, when in part.late.items()},
        cohorts=table["cohort"].to_numpy(str),
        held_out=held_out_rows(table, question.external, given_split=question.given_split),
        categories={c: one for part in parts for c, one in part.categories.items() if c in X.columns},
        images=_images(mart, parts, question),
        labels=_labels(parts),
        **_visits(parts, table, patients, cohorts, question),
    )
    named = {*question.blocks, "clinical", "region"} if question.blocks else {*blocks.values()}
    _check_blocks_known(design, question)
    design = with_labels(without_split(design))
    design = with_copies(design, pd.concat([part.scans for part in parts]))
    design = with_seen_classes(design)
    trained = {str(column) for part in training for column in part.X.columns}
    design = with_same_columns(design, question.external_columns, trained, named, but=question.without_outcome)
    checked = {column for part in training for column in part.checked} | {*question.leak_checked}
    if question.endpoint:  # else a strong association is what is looked for
        train = design.take(np.flatnonzero(design.develops))
        check_leakage(train, named, checked, pd.concat([part.outcomes for part in training]).loc[train.X.index])
    lacking = count_lacking(_there(part.lacks, design.once) for part in parts)
    return replace(design, missing_block=lacking, parts=_parts(mart, question, design))


def _labels(parts: Sequence[Part]) -> pd.DataFrame:
    """Who labelled the outcomes, of all parts; no columns where no cohort has reports for that."""
    found = pd.concat([part.labels for part in parts])
    return found if len(found.columns) else pd.DataFrame()


def _parts(mart: Mart, question: Question, design: Design) -> dict[str, tuple[str, ...]]:
    """The columns of each part of a block that the question names. Raises RadweaveError if one has none."""
    if not question.parts:
        return {}
    blocks = {str(name): design.blocks[str(name)] for name in design.X.columns}
    facts = column_facts(mart, question.cohorts[0], blocks)
    found = {}
    for word, part in question.parts.items():
        if part.of == IMAGES:  # which have no columns
            continue
        try:
            found[word] = tuple(part.chosen(blocks, facts))
        except RadweaveError as error:
            raise RadweaveError(f"the part {word}: {error}") from error
    return found


def _images(mart: Mart, parts: Sequence[Part], question: Question) -> dict[str, Images]:
    """What networks are shown of the rows, by the words of sets of blocks."""
    return {
        word: kept_images(mart.store, [samples for part in parts for samples in part.shown[word]])
        for word in question.shows
    }


def _outcomes(parts: Sequence[Part], question: Question) -> Outcome:
    """What was seen of all rows; of cohorts that are asked for predictors alone, what was seen of the first row stands there."""
    seen = [p.outcome for p, n in zip(parts, question.all_cohorts, strict=True) if n not in question.without_outcome]
    known = iter(seen)
    some = Outcome.concat(seen).take(np.zeros(1, np.intp))
    return Outcome.concat(
        [
            some.take(np.zeros(len(part.X), np.intp)) if name in question.without_outcome else next(known)
            for part, name in zip(parts, question.all_cohorts, strict=True)
        ]
    )


def _predictors(parts: Sequence[Part]) -> pd.DataFrame:
    """Predictors of all parts, the clinical ones first, as floats. A wide table is not copied where it is so already."""
    X = pd.concat([part.X for part in parts], verify_integrity=True)
    ordered = sorted(X.columns, key=lambda column: not column.startswith("clinical__"))
    X = X if ordered == list(X.columns) else X[ordered]
    return X if all(kind == np.float64 for kind in X.dtypes) else X.astype(float)


def _visits(
    parts: Sequence[Part],
    table: pd.DataFrame,
    patients: NDArray[np.str_],
    cohorts: Mapping[str, Mapping[str, int]],
    question: Question,
) -> dict[str, Any]:
    """Days of the rows, and which of them are scored, where each visit is a row."""
    days = [part.days for part in parts if part.days is not None]
    if question.scored_visit is None:
        return {}
    told = np.concatenate(days)
    scored = np.ones(len(table), bool)
    for name, timepoints in cohorts.items():
        own = (table["cohort"] == name).to_numpy(bool)
        until = question.of(name).predict_at
        words = visits_up_to(until, timepoints, "each")
        scored[own] = scored_rows(patients[own], table[own], words, told[own], question.scored_visit, until)
    return {"days": told, "scored": scored}


def _there(rows: pd.DataFrame, design: Design) -> pd.DataFrame:
    return rows[rows.index.isin(design.X.index)]


def _check_blocks_known(design: Design, question: Question) -> None:
    """Raises RadweaveError if all of a named block is known after the prediction."""
    for block in question.blocks:
        late = sorted({when for column, when in design.late.items() if column.startswith(f"{block}__")})
        if late and not design.columns(block):
            raise RadweaveError(
                f'all {block} columns are known at {", ".join(late)}, after the prediction at "{question.predict_at}": '
                f"leave {block} out of the blocks, or predict later"
            )


def _check_same_meaning(catalog: Catalog, question: Question) -> None:
    """Raises RadweaveError if a variable or a gene of several cohorts differs in type, unit, levels, role or time."""
    seen: dict[str, tuple[str, object]] = {}
    for name in question.all_cohorts:
        cohort, whole = catalog.cohort(name), name not in question.without_outcome  # else what is not read may differ
        meanings: dict[str, object] = {
            f'variable "{word}"': (v.type, v.unit, v.levels, v.role)
            for word, v in cohort.variables.items()
            if whole or ("clinical" in question.blocks and v.role == "predictor")
        }
        for table in cohort.tables:
            if isinstance(table, GenomicTable) and (whole or "genomic" in question.blocks):
                genes = f'"{table.genes}"' if isinstance(table, MatrixTable) else ""
                meanings[f"{table.form} {genes}".strip()] = table.meaning
        for word, meaning in meanings.items():
            first, known = seen.setdefault(word, (name, meaning))
            if known != meaning:
                raise RadweaveError(
                    f'the {word} differs between the cohorts "{first}" and "{name}" in type, unit or levels'
                )


def _check_same_units(question: Question, parts: Sequence[Part]) -> None:
    """Raises RadweaveError if a ready-made column of several cohorts has another unit in one of them."""
    seen: dict[str, tuple[str, str]] = {}
    for name, part in zip(question.all_cohorts, parts, strict=True):
        for column, unit in part.units.items():
            first, known = seen.setdefault(column, (name, unit))
            if known != unit:
                raise RadweaveError(
                    f'the column "{column}" is in {known or "no unit"} in cohort "{first}", in {unit or "no unit"} in "{name}"'
                )
