"""judge: what became of the claims of a study."""

from __future__ import annotations

from collections.abc import Sequence

from features.core.design import EXTERNAL, Design
from tasks.modelling.claims.claim import Claim, Estimated, Judged, Side
from tasks.modelling.evaluation.compare import compared
from tasks.modelling.evaluation.fit import Fit
from tasks.modelling.evaluation.result import Score
from tasks.modelling.evaluation.study import Study
from tasks.modelling.metrics.metric import Metric, all_metrics_of

ALIKE = "both predict the same of every pair of cases: what one has besides got no weight"


def judge(design: Design, study: Study, fits: Sequence[Fit], scores: Sequence[Score]) -> tuple[Judged, ...]:
    """Each claim with its estimate and its verdict. fits, scores: those of the study."""
    return tuple(_judged(claim, design, study, fits, scores) for claim in study.claims)


def _judged(claim: Claim, design: Design, study: Study, fits: Sequence[Fit], scores: Sequence[Score]) -> Judged:
    there = [split.kind for split in study.splits]
    split = claim.split or (EXTERNAL if EXTERNAL in there else there[0])
    cohort = claim.cohort or next((score.cohort for score in scores if score.split == split), "")
    sides = [_named(side, study) for side in claim.sides()]
    metrics = {metric.kind: metric for metric in all_metrics_of(design.endpoint)}
    metric = metrics.get(claim.metric or next(iter(metrics)))
    if metric is None:
        what = f"the endpoint {study.endpoint} has no metric {claim.metric}; it has {', '.join(metrics)}"
        found, higher = Estimated(None, reason=what), True
    else:
        pair = (design, study, split, cohort, metric)
        found = _difference(*pair, sides, fits) if claim.needs_pair else _score(split, cohort, metric, sides[0], scores)
        higher = metric.higher_is_better
    words = [f"{side.blocks} with {side.model}" for side in sides]
    return Judged(
        claim.says,
        claim.kind,
        metric.kind if metric else claim.metric,
        split,
        cohort,
        found.within,
        words[0],
        words[1] if len(words) > 1 else "",
        found.value,
        found.low,
        found.high,
        found.n,
        claim.verdict(found, higher),
        ALIKE if claim.needs_pair and found.low is not None and found.low == found.high == 0 else found.reason,
    )


def _named(side: Side, study: Study) -> Side:
    return side if side.model else side.model_copy(update={"model": study.candidates_of(side.blocks)[0].name})


def _difference(
    design: Design, study: Study, split: str, cohort: str, metric: Metric, sides: Sequence[Side], fits: Sequence[Fit]
) -> Estimated:
    kind = next(one for one in study.splits if one.kind == split)
    if kind.models in ("centres", "bootstrap"):
        return Estimated(None, reason=f"differences are not tested under {split}")
    first, second = ((side.blocks, side.model) for side in sides)
    found = compared(design, study, kind, cohort, metric, (first, second), fits)
    if found is None:
        return Estimated(None, reason="one of them could not be fitted in every fold, as its score tells")
    return Estimated(found.difference, found.low, found.high, found.n, found.within, found.reason)


def _score(split: str, cohort: str, metric: Metric, side: Side, scores: Sequence[Score]) -> Estimated:
    wanted = (split, cohort, side.blocks, side.model, metric.kind, "")
    own = [s for s in scores if (s.split, s.cohort, s.blocks, s.model, s.metric, s.centre) == wanted]
    if not own:
        return Estimated(None, reason=f"there is no score of {side.blocks} with {side.model} under {split}")
    best = max(own, key=lambda score: (score.value is not None, score.within == "centre"))
    return Estimated(best.value, best.low, best.high, best.n, best.within, best.reason)
