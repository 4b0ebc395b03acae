"""Methods in words, written from the study's settings and from what was really done."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar, Literal

from features.core.kinds.endpoint import Timed
from features.core.wording import counted
from tasks.modelling.evaluation.result import Score, StudyResult, Tuned
from tasks.modelling.evaluation.study import Study
from tasks.modelling.metrics.metric import metrics_of
from tasks.modelling.splits.bootstrap_632_plus import Bootstrap632Plus
from tasks.modelling.splits.temporal import Temporal
from tasks.reports.copies import copies_sentence
from tasks.reports.images_and_rois import measured_sentence
from tasks.reports.labels import blocks_label, gathered, is_baseline
from tasks.reports.missing import missing_sentence
from tasks.reports.number_format import no_interval
from tasks.reports.plain_labels import EXTERNAL, GIVEN, NESTED, capital, first_sentence, model_label, split_label
from tasks.reports.section import Findings, Section


class Methods(Section):
    """What was done, in words that a paper may take over."""

    kind: Literal["methods"] = "methods"
    order: ClassVar[int] = 70

    def content(self, found: Findings) -> Mapping[str, object]:
        measured = measured_sentence(found.facts.cohort_table.columns)
        facts = found.facts
        return {
            "methods": methods(found.study, found.result, facts.missing_block, measured, facts.networks, facts.shown)
        }


@dataclass(frozen=True)
class Paragraph:
    """A lead word and its sentences."""

    lead: str
    text: str


def methods(
    study: Study,
    result: StudyResult,
    missing_block: Mapping[str, int],
    measured: str,
    networks: Sequence[str],
    shown: Sequence[str] = (),
) -> tuple[Paragraph, ...]:
    """What a methods section needs to say. measured: images and ROIs, as `measured_sentence`. networks, shown: those of Facts."""
    tuned = result.tuned
    return (
        Paragraph("Endpoint", _endpoint(study, result)),
        Paragraph("Predictors", _predictors(study, result, measured)),
        *([Paragraph("Networks", _networks(networks))] if networks else []),
        *([Paragraph("Images", _images(shown))] if shown else []),
        *([Paragraph("Visits", text)] if (text := _visits(study)) else []),
        *(Paragraph(capital(split_label(split.kind)), _split(study, result, split.kind)) for split in study.splits),
        Paragraph(
            "Inside the fold",
            "Each candidate has steps of its own, in the order that the table of candidates shows. Every step that learns, "
            "and the model, is fitted on the training cases alone; the same holds inside the inner folds. "
            f"{_tuning(result)}",
        ),
        *([Paragraph("Blocks", _fusion(study))] if _has_several_blocks(study) else []),
        Paragraph(
            "Tried",
            f"{counted(tuned.block_sets, 'set')} of blocks × {counted(tuned.models, 'candidate')} were scored{_pairs(tuned)}; "
            f"up to {counted(tuned.settings, 'setting')} stood for choice in all, for which "
            f"{counted(tuned.fits, 'model fit')} were made. Scores of the inner folds are not reported.",
        ),
        Paragraph("Scores", _scores(result)),
        *(
            [Paragraph("Intervals", _intervals(result))]
            if any(score.value is not None for score in result.scores)
            else []
        ),
        *([Paragraph("Risk groups", _groups(result))] if isinstance(result.endpoint, Timed) else []),
        Paragraph("Copies", _copies(result)),
        Paragraph("Missing blocks", missing_sentence(study, missing_block)),
        Paragraph("Seed", f"All random numbers follow from the seed {study.seed}; equal inputs give an equal report."),
    )


def _endpoint(study: Study, result: StudyResult) -> str:
    endpoint = result.endpoint
    described = f" ({endpoint.description})" if endpoint.description else ""
    days = endpoint.horizon_days if isinstance(endpoint, Timed) else None
    horizon = (
        f" C-indices that weigh by censoring, curves of risk groups and log-rank tests stop at {days:g} days."
        if days
        else ""
    )
    treated = f" {endpoint.treatment()}".rstrip()
    return (
        f"{endpoint.title}: {study.endpoint}{described}; {counted(result.n, 'case')}, {result.counted}.{treated}{horizon} "
        f"Predictions are made at {study.predict_at}; values known later are not used."
    )


def _predictors(study: Study, result: StudyResult, measured: str) -> str:
    sets = [
        f"{blocks_label(study, name)}{' (baseline)' if is_baseline(name) else ''}, {_seen(study, name, len(columns))}"
        for name, columns in result.blocks.items()
    ]
    of = f" {measured}" if measured else ""
    recipe = "recipe" if len(study.recipes) == 1 else "recipes"
    recipes = f" Image features{of} follow the {recipe} {', '.join(study.recipes)}." if study.recipes else ""
    return f"Sets of blocks: {'; '.join(sets)}.{recipes}"


def _networks(networks: Sequence[str]) -> str:
    """Which networks made deep features, and what they were shown."""
    return (
        f"Deep features are what networks that were not trained here see in each view of a ROI: {'; '.join(networks)}."
    )


def _images(shown: Sequence[str]) -> str:
    """What models that learn from images were shown."""
    return (
        f"The block images is what networks are shown of each ROI, made once and the same in every fold: {'; '.join(shown)}. "
        "Networks learn from that of the training cases alone."
    )


def _seen(study: Study, name: str, columns: int) -> str:
    """What a set of blocks offers."""
    told = counted(columns, "column")
    return told if not study.shows(name) else f"images and {told}" if columns else "images alone"


def _pairs(tuned: Tuned) -> str:
    """How many of all pairs were fitted, where not all of them were."""
    if tuned.combinations == tuned.block_sets * tuned.models:
        return ""
    return (
        f", {tuned.combinations} of their {tuned.block_sets * tuned.models} pairs, as sets with images are for candidates that "
        "learn from these, and the others for the others"
    )


def _visits(study: Study) -> str:
    """How the visits of a patient are used; "" where there is one row of one visit."""
    if study.visits == "each":
        where = "last of these visits" if study.scored_visit == "last" else f"visit at {study.predict_at}"
        return (
            f"Each visit up to {study.predict_at} is a row, with what was known by then, and all rows of the training patients "
            f"train. A patient is predicted and counted once, at the {where}."
        )
    told = []
    for delta in study.deltas:
        settings = [f"from {delta.since or 'the first time point'} to {delta.until or study.predict_at}"]
        settings += [f"of {', '.join(delta.blocks)}"]
        settings += [f"as {', '.join(how).replace('_', ' ')}"] if (how := getattr(delta, "how", ())) else []
        settings += [f"of at least {least} visits"] if (least := getattr(delta, "least", 0)) else []
        told.append(f"{capital(delta.kind)} {', '.join(settings)}: {first_sentence(type(delta).__doc__)}")
    if any(delta.needs_days for delta in study.deltas):
        told.append("Days are each patient's own where they are known, else the planned ones.")
    return " ".join(told)


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
    if split.left_out:
        return f"Each of {counted(table['fold'].nunique(), split.left_out)} is predicted once. {inner} {together}"
    if isinstance(split, Temporal):
        n = counted(table["case"].nunique(), "later case")
        return f"The earliest cases by {split.by} train once, and {n} are predicted. {inner} {together}"
    if isinstance(split, Bootstrap632Plus):
        return (
            f"{counted(table['repeat'].nunique(), 'draw')} with replacement of as many patients as there are train, and the "
            "patients that a draw left out are predicted. These scores and the score of a model of all cases on the same cases are "
            f"put together by the .632+ rule (Efron & Tibshirani 1997). {inner} {together}"
        )
    folds, repeats = int(table.groupby("repeat")["fold"].nunique().max()), int(table["repeat"].nunique())
    asked = getattr(split, "folds", folds)
    fewer = f" ({asked} were asked for)" if folds < asked else ""
    by_centre = " and centre" if len(result.centres) > 1 else ""
    stratified = f", stratified by {result.endpoint.spread_by}{by_centre}" if kind == NESTED else ""
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
        "group: they are on one side of every fold, inner ones too, and intervals take them for one. Leaving one "
        f"centre out, a copy of one of its patients trains no model for it. {copies_sentence(result) or 'Nobody was found.'}"
    )


def _tuning(result: StudyResult) -> str:
    metric = metrics_of(result.endpoint)[0].title
    centres = ", comparing cases of one centre only" if len(result.centres) > 1 else ""
    return f"Inner folds choose among settings by {metric}{centres}; of equal ones the first."


def _has_several_blocks(study: Study) -> bool:
    return any(len(blocks) > 1 for blocks in study.blocks.values())


def _fusion(study: Study) -> str:
    """How blocks become one prediction, with the candidates that do it so where these differ."""
    names: dict[str, list[str]] = {}
    for candidate in study.models:
        together = "It learns from the images and from the columns beside them at once."
        said = together if candidate.model.of_images else first_sentence(type(candidate.fusion).__doc__)
        names.setdefault(said, []).append(model_label(candidate.name))
    if len(names) == 1:
        return next(iter(names))
    return " ".join(f"{', '.join(own)}: {said}" for said, own in names.items())


def _scores(result: StudyResult) -> str:
    metrics = metrics_of(result.endpoint)
    said = " ".join(f"{capital(metric.title)}: {first_sentence(type(metric).__doc__)}" for metric in metrics)
    within = (
        " Within centres, only cases of one centre are compared: recognising the centre, which says nothing of a patient, "
        "earns nothing there. These scores name the best combination."
        if any(score.within for score in result.scores)
        else ""
    )
    return f"{said} {gathered(metrics, 'test fold', 'folds and repeats')}{within}"


def _intervals(result: StudyResult) -> str:
    """Of what the intervals of each split are, and why there is none, in the words of the scores."""
    metrics = result.endpoint.metrics  # further scores say it below their tables
    scored = [score for score in result.scores if score.value is not None and score.metric in metrics]
    parts: dict[str, list[Score]] = {}
    for score in scored:
        parts.setdefault(f"{split_label(score.split)}{', each centre' if score.centre else ''}", []).append(score)
    words: dict[str, list[str]] = {}
    for where, scores in parts.items():
        said = [f"of {score.interval_of}" for score in scores if score.low is not None and score.interval_of]
        for of in dict.fromkeys(said or [no_interval(score.reason) for score in scores]):
            words.setdefault(of, []).append(where)
    told = [f"{capital('; '.join(where))}: {of}." for of, where in words.items()]
    return " ".join(["Intervals are 95\u00a0% intervals.", *told])


def _groups(result: StudyResult) -> str:
    held_out = " For held-out cases it is the median over all training cases." if result.held_out else ""
    return (
        "Cases are of high risk if their predicted risk is above the median of the out-of-fold risks of their fold's training "
        "cases, which inner folds predicted: risks of cases that a model trained on are too far apart, and test cases decide "
        f"nothing.{held_out}"
    )
