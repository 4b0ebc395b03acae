"""The tables of scores: each split over all centres, leave-one-centre-out centre by centre, held-out cases by cohort."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar, Literal

from tasks.modelling.evaluation.result import Score, StudyResult
from tasks.modelling.evaluation.study import Study
from tasks.modelling.metrics.metric import metrics_of
from tasks.reports.figures import Plot
from tasks.reports.forest import forest
from tasks.reports.labels import (
    CENTRE_OUT,
    EXTERNAL,
    NESTED,
    blocks_label,
    gathered,
    is_baseline,
    metric_label,
    model_label,
    split_label,
)
from tasks.reports.number_format import DASH, decimal, interval
from tasks.reports.section import Findings, Section
from tasks.reports.winner import Winner, held_out_cohorts


class Scores(Section):
    """A table for each split, and the scores at a glance."""

    kind: Literal["scores"] = "scores"
    order: ClassVar[int] = 30

    def heading(self, found: Findings) -> str:  # noqa: ARG002
        return "Scores"

    def figures(self, found: Findings) -> Sequence[Plot]:
        return [forest(found.study, found.result, metric) for metric in found.result.endpoint.metrics]

    def content(self, found: Findings) -> Mapping[str, object]:
        return {"score_tables": score_tables(found.study, found.result, found.winner)}


@dataclass(frozen=True)
class Head:
    """A column of scores. detail: small print below, such as n and events of a centre."""

    text: str
    detail: str = ""


@dataclass(frozen=True)
class Cell:
    """A score. value: a dash where there is none. note: letter of the sentence below the table that says what lacks."""

    value: str
    interval: str
    note: str = ""


@dataclass(frozen=True)
class ScoreRow:
    """A combination. span: rows of its set of blocks, 0 for all but the first of them. tag: what it is, if it is named."""

    blocks: str
    baseline: bool
    span: int
    model: str
    tag: str
    cells: tuple[Cell, ...]
    facts: tuple[str, ...]


@dataclass(frozen=True)
class ScoreTable:
    """id: of the HTML table. facts: heads of the columns after the scores. notes: letter and sentence."""

    id: str
    title: str
    caption: str
    heads: tuple[Head, ...]
    facts: tuple[str, ...]
    rows: tuple[ScoreRow, ...]
    notes: tuple[tuple[str, str], ...]


def score_tables(study: Study, result: StudyResult, winner: Winner) -> tuple[ScoreTable, ...]:
    """Nested first, then the others as they stand in the study, then per centre (a table per metric).

    Splits that predict held-out cases have a table per metric with a column for each cohort.
    """
    metrics = result.endpoint.metrics
    kinds = sorted((split.kind for split in study.splits), key=lambda kind: kind != NESTED)
    by_cohort = {split for split, _ in held_out_cohorts(result)}
    tables: list[ScoreTable] = []
    for kind in kinds:
        if kind in by_cohort:
            tables += [_per_cohort(study, result, winner, metric, kind) for metric in metrics]
        else:
            tables.append(_over_all(study, result, winner, kind, metrics))
    if any(score.centre for score in result.scores):
        tables += [_per_centre(study, result, winner, metric) for metric in metrics]
    return tuple(tables)


class _Notes:
    """Letters for what lacks and why, the same letter for the same reason."""

    def __init__(self) -> None:
        self.letters: dict[str, str] = {}

    def cell(self, score: Score | None) -> Cell:
        if score is None or score.value is None:
            return Cell(DASH, "", self._letter(f"No score: {(score and score.reason) or 'no fold was scored'}."))
        bounds = interval(score.low, score.high)
        if bounds:
            return Cell(decimal(score.value), bounds)
        note = self._letter(f"No interval: {score.reason}.") if score.reason else ""
        return Cell(decimal(score.value), "no interval", note)

    def _letter(self, sentence: str) -> str:
        return self.letters.setdefault(sentence, _letter(len(self.letters)))

    @property
    def all(self) -> tuple[tuple[str, str], ...]:
        return tuple((letter, sentence) for sentence, letter in self.letters.items())


def _letter(position: int) -> str:
    return chr(ord("a") + position) if position < 26 else str(position)


def _over_all(study: Study, result: StudyResult, winner: Winner, split: str, metrics: tuple[str, ...]) -> ScoreTable:
    found = {
        (score.blocks, score.model, score.metric): score
        for score in result.scores
        if score.split == split and not score.centre and not score.within
    }
    heads = ("n", *(("Events",) if result.endpoint.has_events else ()), "Columns", "Settings")
    notes = _Notes()
    rows: list[ScoreRow] = []
    for name in result.blocks:
        for i, candidate in enumerate(study.models):
            scores = [found.get((name, candidate.name, metric)) for metric in metrics]
            first = scores[0]
            facts = _facts(first, events=result.endpoint.has_events) if first else (DASH,) * len(heads)
            best = split == NESTED and first is not None and first == winner.best
            rows.append(
                ScoreRow(
                    blocks=blocks_label(study, name),
                    baseline=is_baseline(name),
                    span=len(study.models) if i == 0 else 0,
                    model=model_label(candidate.name),
                    tag=winner.tag if best else "",
                    cells=tuple(notes.cell(score) for score in scores),
                    facts=tuple(map(str, facts)),
                )
            )
    title = split_label(split)
    pooled = ", all centres pooled" if split == CENTRE_OUT else ""
    return ScoreTable(
        id=f"table-scores-{split}",
        title=title[:1].upper() + title[1:] + pooled,
        caption=_caption(result, split),
        heads=tuple(Head(metric_label(metric), "95 % CI") for metric in metrics),
        facts=heads,
        rows=tuple(rows),
        notes=notes.all,
    )


def _per_centre(study: Study, result: StudyResult, winner: Winner, metric: str) -> ScoreTable:
    found = {score.centre: score for score in result.scores if score.centre}
    scores = [score for score in result.scores if score.split == CENTRE_OUT and score.centre and score.metric == metric]
    return _side_by_side(
        study,
        result,
        winner,
        {name: [score for score in scores if score.centre == name] for name in found},
        id=f"table-scores-centre-{metric}",
        title=f"Leave-one-centre-out, centre by centre: {metric_label(metric)}",
        caption="Each centre is predicted by models that were fitted on all the others.",
    )


def _per_cohort(study: Study, result: StudyResult, winner: Winner, metric: str, split: str) -> ScoreTable:
    scores = [score for score in result.scores if (score.split, score.metric) == (split, metric)]
    title = split_label(split)
    return _side_by_side(
        study,
        result,
        winner,
        {name: [s for s in scores if s.cohort == name] for name in dict.fromkeys(s.cohort for s in scores)},
        id=f"table-scores-{split}-{metric}",
        title=f"{title[:1].upper()}{title[1:]}: {metric_label(metric)}",
        caption=f"Models fitted on all training cases predict {'each external cohort' if split == EXTERNAL else 'the test cases'}, "
        "which had no part in any choice.",
    )


def _side_by_side(
    study: Study,
    result: StudyResult,
    winner: Winner,
    groups: Mapping[str, list[Score]],
    *,
    id: str,
    title: str,
    caption: str,
) -> ScoreTable:
    """One metric, a column for each group of cases."""
    found = {(score.blocks, score.model, name): score for name, scores in groups.items() for score in scores}
    notes = _Notes()
    rows = [
        ScoreRow(
            blocks=blocks_label(study, name),
            baseline=is_baseline(name),
            span=len(study.models) if i == 0 else 0,
            model=model_label(candidate.name),
            tag=winner.tag if winner.is_best(name, candidate.name) else "",
            cells=tuple(notes.cell(found.get((name, candidate.name, group))) for group in groups),
            facts=(),
        )
        for name in result.blocks
        for i, candidate in enumerate(study.models)
    ]
    return ScoreTable(
        id=id,
        title=title,
        caption=caption,
        heads=tuple(Head(name, _size(scores[0]) if scores else "") for name, scores in groups.items()),
        facts=(),
        rows=tuple(rows),
        notes=notes.all,
    )


def _facts(score: Score, *, events: bool) -> tuple[int | None, ...]:
    return (score.n, *((score.events,) if events else ()), score.columns, score.settings)


def _size(score: Score) -> str:
    return f"n = {score.n}" if score.events is None else f"n = {score.n}, events = {score.events}"


def _caption(result: StudyResult, split: str) -> str:
    names = ("centre", "centres") if split == CENTRE_OUT else ("test fold", "folds and repeats")
    return gathered(metrics_of(result.endpoint), *names)
