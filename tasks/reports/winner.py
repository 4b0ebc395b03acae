"""Which combination the report names first: chosen on nested cross-validation alone, or not at all."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from tasks.modelling.evaluation.result import Score, StudyResult
from tasks.modelling.evaluation.study import Study
from tasks.reports.labels import is_baseline
from tasks.reports.plain_labels import NESTED, WITHIN


@dataclass(frozen=True)
class Winner:
    """The highest nested score among the sets of blocks that are no baselines, and what it was the highest of.

    metric: what was compared; within: which cases with which, as in Score. rivals: how many combinations had a score.
    split: the split that figures show. baseline: the highest nested score of the baselines, which are no rivals.
    models: set of blocks → model that figures show: its highest nested score, or the study's first model where there
    is no nested score, so that leave-one-centre-out never chooses.
    """

    metric: str
    best: Score | None
    rivals: int
    split: str
    models: Mapping[str, str]
    baseline: Score | None = None
    within: str = ""

    @property
    def is_below_baseline(self) -> bool:
        """Whether a baseline scored as high as the best, or higher, as far as a reader sees."""
        if self.best is None or self.baseline is None or is_baseline(self.best.blocks):
            return False
        return round(self.baseline.value or 0.0, 2) >= round(self.best.value or 0.0, 2)

    @property
    def tag(self) -> str:
        """What the best combination is called in tables."""
        under = "highest within centres" if self.within else "highest nested"
        return f"{under} but for baselines" if self.is_below_baseline else under

    def is_best(self, blocks: str, model: str) -> bool:
        """Whether a combination is the best one, under any split."""
        return self.best is not None and (blocks, model) == (self.best.blocks, self.best.model)


def find_winner(study: Study, result: StudyResult) -> Winner:
    """The winner of a result, as `winner_of` finds it."""
    return winner_of(study, result.endpoint.metrics[0], result.scores, result.blocks)


def winner_of(study: Study, metric: str, scores: Sequence[Score], blocks: Iterable[str]) -> Winner:
    """The winner of the scores of a study on its sets of blocks. Ties take the earlier combination.

    Where there are scores within centres, these decide: all cases compared, a model earns points by recognising the centre.
    """
    nested = [s for s in scores if (s.split, s.metric, s.centre) == (NESTED, metric, "") and s.value is not None]
    within = WITHIN if any(score.within == WITHIN for score in nested) else ""
    scored = [score for score in nested if score.within == within]
    rivals = [score for score in scored if not is_baseline(score.blocks)] or scored
    models = {
        name: best.model
        if (best := _highest([s for s in scored if s.blocks == name]))
        else study.candidates_of(name)[0].name
        for name in blocks
    }
    splits = [split.kind for split in study.splits]
    split = NESTED if NESTED in splits else splits[0]
    baseline = _highest([score for score in scored if is_baseline(score.blocks)])
    return Winner(metric, _highest(rivals), len(rivals), split, models, baseline, within)


def find_score(
    result: StudyResult, split: str, blocks: str, model: str, metric: str, cohort: str = "", *, within: str = ""
) -> Score | None:
    """The score over all centres together, None if the study has no such split or set of blocks."""
    key = (split, blocks, model, metric, "", cohort, within)
    of = ((s.split, s.blocks, s.model, s.metric, s.centre, s.cohort, s.within) for s in result.scores)
    return next((score for score, own in zip(result.scores, of, strict=True) if own == key), None)


def repeats_of(result: StudyResult, split: str) -> int:
    """How many times a split was cut anew."""
    return int(result.predictions.loc[result.predictions["split"] == split, "repeat"].nunique())


def held_out_cohorts(result: StudyResult) -> list[tuple[str, str]]:
    """(split, cohort) of held-out cases that have scores, in their order."""
    return list(dict.fromkeys((score.split, score.cohort) for score in result.scores if score.cohort))


def _highest(scores: list[Score]) -> Score | None:
    return max(scores, key=lambda score: score.value or 0.0, default=None)
