"""The tables of scores: each split over all centres, leave-one-centre-out centre by centre, held-out cases by cohort."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar, Literal

from features.core.wording import counted
from tasks.modelling.evaluation.result import Score, StudyResult
from tasks.modelling.evaluation.study import Study
from tasks.modelling.metrics.metric import metrics_of
from tasks.modelling.splits.split import Split
from tasks.reports.figures import Plot
from tasks.reports.forest import forest
from tasks.reports.labels import blocks_label, gathered, is_baseline, metric_label
from tasks.reports.number_format import DASH
from tasks.reports.plain_labels import BOOTSTRAP, EXTERNAL, NESTED, capital, model_label, split_label
from tasks.reports.score_cells import Cell, Cells
from tasks.reports.section import Findings, Section
from tasks.reports.winner import Winner, held_out_cohorts, repeats_of

MOST_SCORES = 3  # columns of scores side by side; more have a table for scores within centres and one for pooled ones


class Scores(Section):
    """A table for each split, and the scores at a glance."""

    kind: Literal["scores"] = "scores"
    order: ClassVar[int] = 30

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
    """id: of the HTML table. facts: heads of the columns after the scores. notes: letter and sentence, of what lacks.

    intervals: of what the intervals are.
    """

    id: str
    title: str
    caption: str
    heads: tuple[Head, ...]
    facts: tuple[str, ...]
    rows: tuple[ScoreRow, ...]
    notes: tuple[tuple[str, str], ...]
    intervals: tuple[str, ...]


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
            ways = sorted({s.within for s in result.scores if s.split == kind}, reverse=True)  # within centres first
            is_wide = len(ways) * len(metrics) > MOST_SCORES
            parts = [[way] for way in ways] if is_wide else [ways]
            tables += [_over_all(study, result, winner, kind, metrics, part, several=len(ways) > 1) for part in parts]
    for split in (split for split in study.splits if split.left_out):
        if any(score.centre for score in result.scores if score.split == split.kind):
            tables += [_per_centre(study, result, winner, metric, split) for metric in metrics]
    return tuple(tables)


def _over_all(
    study: Study,
    result: StudyResult,
    winner: Winner,
    split: str,
    metrics: tuple[str, ...],
    ways: Sequence[str],
    *,
    several: bool,
) -> ScoreTable:
    """ways: which of the scores by `within` are shown. several: whether there are more than one kind of them."""
    found = {
        (score.blocks, score.model, score.metric, score.within): score
        for score in result.scores
        if score.split == split and not score.centre
    }
    columns = {(metric, within): _head(metric, within, several=several) for metric in metrics for within in ways}
    heads = ("n", *(("Events",) if result.endpoint.has_events else ()), "Columns", "Settings")
    cells = Cells()
    rows: list[ScoreRow] = []
    for name in result.blocks:
        candidates = study.candidates_of(name)
        for i, candidate in enumerate(candidates):
            scores = {key: found.get((name, candidate.name, *key)) for key in columns}
            first = next((score for score in scores.values() if score), None)
            facts = _facts(first, events=result.endpoint.has_events) if first else (DASH,) * len(heads)
            best = split == NESTED and winner.is_best(name, candidate.name)
            rows.append(
                ScoreRow(
                    blocks=blocks_label(study, name),
                    baseline=is_baseline(name),
                    span=len(candidates) if i == 0 else 0,
                    model=model_label(candidate.name),
                    tag=winner.tag if best else "",
                    cells=tuple(cells.cell(columns[key].text, score) for key, score in scores.items()),
                    facts=tuple(map(str, facts)),
                )
            )
    left_out = next(one.left_out for one in study.splits if one.kind == split)
    how = f", all {left_out}s together" if left_out else ""
    if several and len(ways) == 1:
        how = f",{_how(ways[0], several=True)}{'' if ways[0] else ' over centres'}"
    return ScoreTable(
        id=f"table-scores-{split}{'-pooled' if several and list(ways) == [''] else ''}",
        title=capital(split_label(split)) + how,
        caption=_caption(result, split, rows, left_out, several=several),
        heads=tuple(columns.values()),
        facts=heads,
        rows=tuple(rows),
        notes=cells.notes,
        intervals=cells.intervals,
    )


def _head(metric: str, within: str, *, several: bool) -> Head:
    """Of a column. several: whether there are scores within centres beside those of all cases."""
    return Head(f"{metric_label(metric)}{_how(within, several=several)}", "95 % CI")


def _cohorts(scores: Sequence[Score]) -> list[str]:
    return list(dict.fromkeys(score.cohort for score in scores))


def _how(within: str, *, several: bool) -> str:
    return (" within centres" if within else " pooled") if several else ""


def _per_centre(study: Study, result: StudyResult, winner: Winner, metric: str, split: Split) -> ScoreTable:
    """Centre by centre, or whatever the split leaves out."""
    own = [score for score in result.scores if score.split == split.kind and score.centre]
    scores = [score for score in own if score.metric == metric]
    return _side_by_side(
        study,
        result,
        winner,
        {name: [score for score in scores if score.centre == name] for name in dict.fromkeys(s.centre for s in own)},
        id=f"table-scores-{split.left_out}-{metric}",
        title=f"{capital(split_label(split.kind))}, {split.left_out} by {split.left_out}: {metric_label(metric)}",
        caption=f"Each {split.left_out} is predicted by models that were fitted on all the others.",
    )


def _per_cohort(study: Study, result: StudyResult, winner: Winner, metric: str, split: str) -> ScoreTable:
    scores = [score for score in result.scores if (score.split, score.metric) == (split, metric)]
    ways = {
        cohort: sorted({s.within for s in scores if s.cohort == cohort}, reverse=True) for cohort in _cohorts(scores)
    }
    heads = {
        f"{cohort}{_how(within, several=len(own) > 1)}": (cohort, within)
        for cohort, own in ways.items()
        for within in own
    }
    return _side_by_side(
        study,
        result,
        winner,
        {head: [s for s in scores if (s.cohort, s.within) == key] for head, key in heads.items()},
        id=f"table-scores-{split}-{metric}",
        title=f"{capital(split_label(split))}: {metric_label(metric)}",
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
    cells = Cells()
    rows = [
        ScoreRow(
            blocks=blocks_label(study, name),
            baseline=is_baseline(name),
            span=len(study.candidates_of(name)) if i == 0 else 0,
            model=model_label(candidate.name),
            tag=winner.tag if winner.is_best(name, candidate.name) else "",
            cells=tuple(cells.cell(group, found.get((name, candidate.name, group))) for group in groups),
            facts=(),
        )
        for name in result.blocks
        for i, candidate in enumerate(study.candidates_of(name))
    ]
    return ScoreTable(
        id=id,
        title=title,
        caption=caption,
        heads=tuple(Head(name, _size(scores[0]) if scores else "") for name, scores in groups.items()),
        facts=(),
        rows=tuple(rows),
        notes=cells.notes,
        intervals=cells.intervals,
    )


def _facts(score: Score, *, events: bool) -> tuple[int | None, ...]:
    return (score.n, *((score.events,) if events else ()), score.columns, score.settings)


def _size(score: Score) -> str:
    return f"n = {score.n}" if score.events is None else f"n = {score.n}, events = {score.events}"


def _caption(result: StudyResult, split: str, rows: Sequence[ScoreRow], left_out: str, *, several: bool) -> str:
    names = (left_out, f"{left_out}s") if left_out else ("test fold", "folds and repeats")
    names = ("draw", "draws") if split == BOOTSTRAP else names
    sentences = [gathered(metrics_of(result.endpoint), *names)]
    if split == BOOTSTRAP:
        sentences.append("That is put together with the score of a model of all cases on the same cases (.632+).")
    if several:
        sentences.append(
            "Within centres, only cases of one centre are compared; pooled scores also count telling the centres apart."
        )
    if any(cell.repeats for row in rows for cell in row.cells):
        repeats = counted(repeats_of(result, split), "repeat")
        sentences.append(f"Small numbers: lowest and highest value of the {repeats}.")
    return " ".join(sentences)
