"""What else the predictions are judged by: thresholds, probabilities and distances, beside the score that names the best."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar, Literal

from features.core.kinds.endpoint import Endpoint, Timed
from tasks.modelling.evaluation.result import Score
from tasks.modelling.metrics.metric import METRICS, Metric
from tasks.reports.labels import blocks_label, combination_label, metric_label
from tasks.reports.number_format import DASH, decimal, digits
from tasks.reports.plain_labels import capital, first_sentence, held_out_label, model_label, split_label
from tasks.reports.score_cells import Cell, Cells
from tasks.reports.section import Findings, Section


class FurtherScores(Section):
    """Every further metric of one combination under every split, then that of all combinations."""

    kind: Literal["further_scores"] = "further_scores"
    order: ClassVar[int] = 32

    def applies(self, found: Findings) -> bool:
        return bool(found.result.endpoint.further_metrics)

    def content(self, found: Findings) -> Mapping[str, object]:
        blocks, model = _shown(found)
        one = next((s for s in found.result.scores if (s.blocks, s.model) == (blocks, model)), None)
        metrics = [METRICS.parse(kind) for kind in found.result.endpoint.further_metrics]
        named = f"{combination_label(found.study, one)}" if one else ""
        return {
            "named": named,
            "is_decided": is_decided(found.result.endpoint),
            "is_best": found.winner.best is not None,
            "of_one": of_one(found, blocks, model, metrics),
            "of_all": of_all(found, metrics),
            "heads": [capital(metric.title) for metric in metrics],
            "shown_split": split_label(found.winner.split),
        }


@dataclass(frozen=True)
class MetricRow:
    """A metric: what it says, what would be right, and its score under each split."""

    title: str
    says: str
    ideal: str
    cells: tuple[Cell, ...]


@dataclass(frozen=True)
class OfOne:
    """heads: a column for each split, or cohort of held-out cases, with n and events. notes, intervals: as of Cells."""

    heads: tuple[tuple[str, str], ...]
    rows: tuple[MetricRow, ...]
    notes: tuple[tuple[str, str], ...]
    intervals: tuple[str, ...]


@dataclass(frozen=True)
class CombinationRow:
    """A combination and its values, without intervals, which the table of scores of the run holds."""

    label: str
    values: tuple[str, ...]


def of_one(found: Findings, blocks: str, model: str, metrics: Sequence[Metric]) -> OfOne:
    """The further scores of a combination over all centres, or by held-out cohort."""
    own = [s for s in found.result.scores if (s.blocks, s.model, s.centre, s.within) == (blocks, model, "", "")]
    parts = dict.fromkeys((s.split, s.cohort) for s in own)
    heads = {part: capital(held_out_label(*part) if part[1] else split_label(part[0])) for part in parts}
    scores: dict[tuple[str, str, str], Score] = {(s.metric, s.split, s.cohort): s for s in own}
    cells, rows = Cells(), []
    for metric in metrics:
        of_parts = tuple(
            cells.cell(f"{metric_label(metric.kind)}, {head}", scores.get((metric.kind, *part)), metric.places)
            for part, head in heads.items()
        )
        ideal = DASH if metric.ideal is None else f"{metric.ideal:g}"
        rows.append(MetricRow(capital(metric.title), first_sentence(type(metric).__doc__), ideal, of_parts))
    sizes = {(s.split, s.cohort): _size(s) for s in own}
    return OfOne(tuple((head, sizes[part]) for part, head in heads.items()), tuple(rows), cells.notes, _brief(cells))


def of_all(found: Findings, metrics: Sequence[Metric]) -> tuple[CombinationRow, ...]:
    """All combinations under the split that figures show."""
    own = {
        (s.blocks, s.model, s.metric): s
        for s in found.result.scores
        if (s.split, s.centre, s.within) == (found.winner.split, "", "")
    }
    rows = []
    for name in found.result.blocks:
        for candidate in found.study.candidates_of(name):
            values = tuple(_value(own.get((name, candidate.name, metric.kind)), metric.places) for metric in metrics)
            label = f"{blocks_label(found.study, name)}, {model_label(candidate.name)}"
            rows.append(CombinationRow(label, values))
    return tuple(rows)


def is_decided(endpoint: Endpoint) -> bool:
    """Whether folds learn a threshold and probabilities: of yes or no."""
    return endpoint.predicted == "risk" and not isinstance(endpoint, Timed)


def _shown(found: Findings) -> tuple[str, str]:
    """The best combination; without one the first set of blocks of the study with the model that figures show."""
    best = found.winner.best
    if best is not None:
        return best.blocks, best.model
    name = next(iter(found.study.blocks))
    return name, found.winner.models[name]


def _brief(cells: Cells) -> tuple[str, ...]:
    """Of what the intervals are: each sentence once, without the columns that it is said of."""
    return tuple(dict.fromkeys(f"Intervals of {of}." for of in cells.said))


def _size(score: Score) -> str:
    return f"n = {score.n}" if score.events is None else f"n = {score.n}, events = {score.events}"


def _value(score: Score | None, places: int) -> str:
    if score is None or score.value is None:
        return DASH
    return decimal(score.value, digits(score.value) if places < 0 else places)
