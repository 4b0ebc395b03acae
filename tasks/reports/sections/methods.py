"""Methods in words, written from the study's settings and from what was really done."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, Literal

from features.core.kinds.endpoint import Timed
from tasks.modelling.evaluation.result import StudyResult
from tasks.modelling.evaluation.study import Study
from tasks.modelling.metrics.metric import metrics_of
from tasks.reports.copies import copies_sentence
from tasks.reports.labels import (
    CENTRE_OUT,
    EXTERNAL,
    GIVEN,
    NESTED,
    blocks_label,
    capital,
    first_sentence,
    gathered,
    is_baseline,
    model_label,
    split_label,
)
from tasks.reports.missing import missing_sentence
from tasks.reports.number_format import counted
from tasks.reports.section import Findings, Section


class Methods(Section):
    """What was done, the models and their settings, and warnings during fitting."""

    kind: Literal["methods"] = "methods"
    order: ClassVar[int] = 70

    def heading(self, found: Findings) -> str:  # noqa: ARG002
        return "Methods"

    def content(self, found: Findings) -> Mapping[str, object]:
        return {
            "methods": methods(found.study, found.result, found.facts.missing_block),
            "models": model_rows(found.study),
        }


@dataclass(frozen=True)
class Paragraph:
    """A lead word and its sentences."""

    lead: str
    text: str


@dataclass(frozen=True)
class ModelRow:
    """A model, what it is, and the settings that inner folds chose from."""

    label: str
    description: str
    settings: str


def methods(study: Study, result: StudyResult, missing_block: Mapping[str, int]) -> tuple[Paragraph, ...]:
    """What a methods section needs to say."""
    tuned = result.tuned
    return (
        Paragraph("Endpoint", _endpoint(study, result)),
        Paragraph("Predictors", _predictors(study, result)),
        *(Paragraph(capital(split_label(split.kind)), _split(study, result, split.kind)) for split in study.splits),
        Paragraph(
            "Inside the fold",
            "Every step that learns is fitted on the training cases alone: columns without information are dropped, "
            "missing values become the median of the training fold, columns are standardised, a screening keeps the k "
            "columns most associated with the outcome, and the model is fitted. The same holds inside the inner folds.",
        ),
        Paragraph(
            "Tried",
            f"{counted(tuned.block_sets, 'set')} of blocks × {counted(tuned.models, 'model')} were scored; "
            f"up to {counted(tuned.settings, 'setting')} stood for choice in all, and "
            f"{counted(tuned.fits, 'model fit')} were made. Scores of the inner folds are not reported.",
        ),
        Paragraph("Scores", _scores(study, result)),
        Paragraph("Copies", _copies(result)),
        Paragraph("Missing blocks", missing_sentence(study, missing_block)),
        Paragraph("Seed", f"All random numbers follow from the seed {study.seed}; equal inputs give an equal report."),
    )


def model_rows(study: Study) -> tuple[ModelRow, ...]:
    """The study's models, each by the first sentence of its documentation and its candidate settings."""
    return tuple(
        ModelRow(
            model_label(candidate.name),
            first_sentence(type(candidate.model).__doc__),
            "; ".join(
                f"{name} = {', '.join(map(str, getattr(part, name)))}"
                for part in (*candidate.steps, candidate.model)
                for name in part.tuned
            ),
        )
        for candidate in study.models
    )


def _endpoint(study: Study, result: StudyResult) -> str:
    endpoint = result.endpoint
    described = f" ({endpoint.description})" if endpoint.description else ""
    days = endpoint.horizon_days if isinstance(endpoint, Timed) else None
    horizon = f" C-indices that weigh by censoring stop at {days:g} days." if days else ""
    treated = f" {endpoint.treatment()}".rstrip()
    return (
        f"{endpoint.title}: {study.endpoint}{described}; {counted(result.n, 'case')}, {result.counted}.{treated}{horizon} "
        f"Predictions are made at {study.predict_at}; values known later are not used."
    )


def _predictors(study: Study, result: StudyResult) -> str:
    sets = [
        f"{blocks_label(study, name)}{' (baseline)' if is_baseline(name) else ''}, {counted(len(columns), 'column')}"
        for name, columns in result.blocks.items()
    ]
    recipes = f" Image features follow the recipes {', '.join(study.recipes)}." if study.recipes else ""
    return f"Sets of blocks: {'; '.join(sets)}.{recipes}"


def _split(study: Study, result: StudyResult, kind: str) -> str:
    split = next(split for split in study.splits if split.kind == kind)
    inner = f"Settings are chosen on {split.inner_folds} inner folds of each training set."
    together = "Cases of one patient are never on both sides."
    table = result.predictions[result.predictions["split"] == kind]
    if table.empty:
        return f"It was asked for and could not be done. {together}"
    if kind in (EXTERNAL, GIVEN):
        own = [one for one in result.held_out if (one.role == EXTERNAL) == (kind == EXTERNAL)]
        told = "; ".join(f"{one.cohort}, {counted(one.n, 'case')}, {one.counted}" for one in own)
        what = "External cohorts" if kind == EXTERNAL else "Test cases by a column of the tables"
        has_classes = result.endpoint.predicted in ("classes", "ranks")
        unseen = ", and cases of a class that no training case has," if has_classes else ""
        return (
            f"{what}: {told}. They are predicted by models fitted on all {counted(result.n, 'training case')}, and trained, "
            f"chose and scaled nothing; patients who are copies of a training patient{unseen} were left out. "
            f"{inner}{_uncommon(result)}"
        )
    if kind == CENTRE_OUT:
        return f"Each of {counted(table['fold'].nunique(), 'centre')} is predicted once. {inner} {together}"
    folds, repeats = int(table.groupby("repeat")["fold"].nunique().max()), int(table["repeat"].nunique())
    asked = getattr(split, "folds", folds)
    fewer = f" ({asked} were asked for)" if folds < asked else ""
    stratified = f", stratified by {result.endpoint.spread_by}" if kind == NESTED else ""
    return f"{folds} folds{fewer}, {counted(repeats, 'repeat')}{stratified}. {inner} {together}"


def _uncommon(result: StudyResult) -> str:
    lacking = len(result.uncommon)
    cohorts = ", ".join(dict.fromkeys(result.uncommon.values()))
    return (
        f" {counted(lacking, 'column')} that {cohorts} lacks {'was' if lacking == 1 else 'were'} left out for every cohort."
        if lacking
        else ""
    )


def _copies(result: StudyResult) -> str:
    return (
        "Patients with one image (equal voxels in the ROI), or with equal values in 20 continuous predictors or more, are one "
        "group: they are on one side of every fold, inner ones too, and are drawn together by the bootstrap. Leaving one "
        f"centre out, a copy of one of its patients trains no model for it. {copies_sentence(result) or 'Nobody was found.'}"
    )


def _scores(study: Study, result: StudyResult) -> str:
    metrics = metrics_of(result.endpoint)
    said = " ".join(f"{capital(metric.title)}: {first_sentence(type(metric).__doc__)}" for metric in metrics)
    return (
        f"{said} {gathered(metrics, 'test fold', 'folds and repeats')} Intervals are 95\u00a0% percentile intervals "
        f"of {counted(study.bootstrap, 'bootstrap replicate')} over patients; models are not fitted again, so the "
        "intervals tell the uncertainty of the test cases and not that of the training."
    )
