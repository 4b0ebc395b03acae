"""Which combination the report names first: chosen on nested cross-validation alone, or not at all."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from tasks.evaluation.result import Metric, Score, StudyResult
from tasks.evaluation.scoring import METRICS
from tasks.evaluation.study import Study
from tasks.reports.labels import NESTED, is_baseline


@dataclass(frozen=True)
class Choice:
    """The highest nested score among the sets of blocks that are no baselines, and what it was the highest of.

    metric: what was compared. rivals: how many combinations had a score. split: the split that figures show.
    models: set of blocks → model that figures show: its highest nested score, or the study's first model where there
    is no nested score, so that leave-one-centre-out never chooses.
    """

    metric: Metric
    best: Score | None
    rivals: int
    split: str
    models: Mapping[str, str]


def choose(study: Study, result: StudyResult) -> Choice:
    """The choice of a result. Ties take the earlier combination."""
    metric = METRICS[result.endpoint.kind][0]
    nested = [s for s in result.scores if (s.split, s.metric, s.centre) == (NESTED, metric, "")]
    scored = [score for score in nested if score.value is not None]
    rivals = [score for score in scored if not is_baseline(score.blocks)] or scored
    models = {
        name: best.model if (best := _highest([s for s in scored if s.blocks == name])) else study.models[0].kind
        for name in result.blocks
    }
    splits = [split.kind for split in study.splits]
    return Choice(metric, _highest(rivals), len(rivals), NESTED if NESTED in splits else splits[0], models)


def find_score(result: StudyResult, split: str, blocks: str, model: str, metric: Metric) -> Score | None:
    """The score over all centres together, None if the study has no such split or set of blocks."""
    key = (split, blocks, model, metric, "")
    return next((s for s in result.scores if (s.split, s.blocks, s.model, s.metric, s.centre) == key), None)


def _highest(scores: list[Score]) -> Score | None:
    return max(scores, key=lambda score: score.value or 0.0, default=None)
