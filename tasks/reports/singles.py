"""The best single column of each block in words, and whether one column gives what a model gives."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from features.core.kinds.endpoint import Timed
from tasks.modelling.evaluation.result import Score, StudyResult
from tasks.modelling.evaluation.single import PERMUTATIONS, Single
from tasks.modelling.evaluation.study import Study
from tasks.reports.labels import is_baseline, metric_label, metric_word
from tasks.reports.number_format import DASH, decimal
from tasks.reports.plain_labels import feature_label
from tasks.reports.winner import find_score


@dataclass(frozen=True)
class SingleRow:
    """A block, its best column (label and name), and what that tells alone."""

    block: str
    label: str
    name: str
    columns: int
    value: str
    p: str
    out_of_fold: str
    chosen: str


def single_rows(result: StudyResult, variables: Mapping[str, str]) -> tuple[SingleRow, ...]:
    """One row for each block."""
    rows = []
    for one in result.singles:
        label = feature_label(one.column, variables)
        rows.append(
            SingleRow(
                block=one.block,
                label=label,
                name=one.column if label != one.column else "",
                columns=one.columns,
                value=decimal(one.value),
                p=f"≤ {1 / (PERMUTATIONS + 1):.3f}" if one.p * (PERMUTATIONS + 1) <= 1 else f"{one.p:.3f}",
                out_of_fold=DASH if one.out_of_fold is None else decimal(one.out_of_fold),
                chosen=f"{one.chosen} of {one.folds}",
            )
        )
    return tuple(rows)


def alone_sentence(study: Study, result: StudyResult, best_score: Score) -> str:
    """A sentence where one column, chosen in each training fold, is as good as the model that uses its block; else "".

    They are compared by the metric of one column alone, within the centres of a fold; there is no sentence where models are not
    judged by it.
    """
    kind = result.endpoint.alone
    found = (best_score.split, best_score.blocks, best_score.model, kind)
    score = find_score(result, *found, within=best_score.within)
    if score is None or score.value is None or is_baseline(score.blocks):
        return ""
    own = [one for one in result.singles if one.block in study.blocks[score.blocks] and one.out_of_fold is not None]
    best = max(own, key=_value, default=None)
    if best is None or round(_value(best), 2) < round(score.value, 2):
        return ""
    value, of_model = decimal(_value(best)), decimal(score.value)
    within = " (both within centres)" if best_score.within else ""
    return (
        f"One column alone gives what the model gives: the best of {best.block} in each training fold (in {best.chosen} of "
        f"{best.folds} folds {best.column}) has {metric_word(kind)} {value} out of fold, the model {of_model}{within}."
    )


def singles_caption(result: StudyResult) -> str:
    """What the numbers of the table mean."""
    endpoint = result.endpoint
    of = _OF_WHAT.get(endpoint.predicted, "")
    if isinstance(endpoint, Timed) and endpoint.competes:
        of = " (other events as censored)"
    several = any(score.within for score in result.scores)
    within = " Only cases of one centre are compared, and outcomes are permuted within centres." if several else ""
    return (
        f"{metric_label(endpoint.alone)}{of} of one column alone over all cases that have it, in its better direction: the best "
        "of many, so optimistic. "
        f"p: share of {PERMUTATIONS} permutations of the outcome in which any column of the block is as good. Out of fold: "
        f"each training fold chooses its own best column of the block, and the test fold judges it.{within}"
    )


_OF_WHAT = {"classes": " of the class that it tells best,", "labels": " of the label that it tells best,"}


def _value(one: Single) -> float:
    return one.out_of_fold if one.out_of_fold is not None else float("-inf")
