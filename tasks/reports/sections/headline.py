"""Headline: the study's answer in one sentence, and what keeps it honest."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, Literal

import pandas as pd
from markupsafe import Markup

from features.core.catalog.outcome_name import outcome_word
from tasks.modelling.evaluation.result import Score, StudyResult
from tasks.modelling.evaluation.study import Study
from tasks.reports.copies import copies_sentence
from tasks.reports.labels import (
    CENTRE_OUT,
    GIVEN,
    NESTED,
    combination_label,
    held_out_label,
    is_baseline,
    metric_word,
    model_label,
    split_label,
)
from tasks.reports.number_format import counted, decimal, score_in_words
from tasks.reports.section import Findings, Section
from tasks.reports.singles import alone_sentence
from tasks.reports.winner import Winner, find_score, held_out_cohorts


class Headline(Section):
    """The answer, and what keeps it honest."""

    kind: Literal["headline"] = "headline"
    order: ClassVar[int] = 1
    is_front: ClassVar[bool] = True

    def content(self, found: Findings) -> Mapping[str, object]:
        told = headline(found.study, found.result, found.winner)
        cautions = told.cautions + unused_split(found.study, found.facts.cohort_table)
        return {"sentence": told.sentence, "cautions": cautions}


@dataclass(frozen=True)
class Answer:
    """sentence: with emphasis, escaped. cautions: sentences that stand below it."""

    sentence: Markup
    cautions: tuple[str, ...]


def headline(study: Study, result: StudyResult, winner: Winner) -> Answer:
    """What the study found. Only nested cross-validation names a best; other splits, and external cohorts, are told beside it."""
    metric = metric_word(winner.metric)
    if winner.best is None:
        return Answer(_unchosen(study, result, winner), _compared(result) + _doubts(result))
    best = winner.best
    apart = ", baselines apart," if winner.is_below_baseline else ""
    rank = f"Best of {winner.rivals} combinations{apart} under" if winner.rivals > 1 else "Under"
    parts = [
        Markup("{} {}: <strong>{}</strong>, {}").format(
            rank, split_label(NESTED), combination_label(study, best), score_in_words(best, metric)
        )
    ]
    clinical = find_score(result, NESTED, "clinical", winner.models.get("clinical", ""), winner.metric)
    if best.blocks != "clinical":
        told = f"{score_in_words(clinical, metric)} with {model_label(clinical.model)}" if clinical else "not available"
        parts.append(Markup("clinical-only: {}").format(told))
    outside = find_score(result, CENTRE_OUT, best.blocks, best.model, winner.metric)
    told = score_in_words(outside, metric) if outside else "not part of this study"
    parts.append(Markup("leave-one-centre-out of the same combination: {}").format(told))
    for split, cohort in held_out_cohorts(result):
        score = find_score(result, split, best.blocks, best.model, winner.metric, cohort)
        told = score_in_words(score, metric) if score else "not available"
        parts.append(Markup("{}: {}").format(held_out_label(split, cohort), told))
    cautions = [*_compared(result), *_doubts(result), *_against_baselines(result, winner, best)]
    if alone := alone_sentence(study, result, best):
        cautions.append(alone)
    if winner.rivals > 1:
        cautions.append(
            "The best of many is optimistic: its score was picked for being the highest, and the interval does not "
            f"correct for that. {_others(result)} took no part in the choice."
        )
    return Answer(Markup("; ").join(parts) + ".", tuple(cautions))


def unused_split(study: Study, table: pd.DataFrame) -> tuple[str, ...]:
    """A caution where the tables give a split and the study does not hold its test cases out."""
    if "split" not in table or any(split.kind == GIVEN for split in study.splits):
        return ()
    train, test = (int((table["split"] == part).sum()) for part in ("train", "test"))
    return (
        f"The tables give a split ({train} train, {test} test), which this study does not use: all cases count alike.",
    )


def _others(result: StudyResult) -> str:
    return "Leave-one-centre-out and held-out cases" if held_out_cohorts(result) else "Leave-one-centre-out"


def _unchosen(study: Study, result: StudyResult, winner: Winner) -> Markup:
    if NESTED not in {split.kind for split in study.splits}:
        return Markup(
            "This study has no nested cross-validation, so no combination is named best: choosing the highest score of "
            "{} would make that score optimistic."
        ).format(split_label(winner.split))
    reason = next((score.reason for score in result.scores if score.split == NESTED and score.reason), "unknown")
    return Markup("No combination could be scored under nested cross-validation: {}.").format(reason)


def _compared(result: StudyResult) -> tuple[str, ...]:
    tuned = result.tuned
    baselines = sum(is_baseline(name) for name in result.blocks)
    of_them = f", {counted(baselines, 'baseline')} among them," if baselines else ""
    return (
        f"{counted(tuned.block_sets * tuned.models, 'combination')} of {counted(tuned.block_sets, 'set')} of blocks"
        f"{of_them} and {counted(tuned.models, 'model')} were compared.",
    )


def _doubts(result: StudyResult) -> tuple[str, ...]:
    """What makes the data themselves doubtful."""
    columns = dict.fromkeys(column for found in result.blocks.values() for column in found)
    named = [column.partition("__")[2] for column in columns if _looks_like_outcome(column)]
    shown = ", ".join(named[:5]) + (f" and {len(named) - 5} more" if len(named) > 5 else "")
    are = "predictor is named as an outcome is" if len(named) == 1 else "predictors are named as outcomes are"
    names = f"{len(named)} {are}, though not one by their values: {shown}." if named else ""
    return tuple(sentence for sentence in (copies_sentence(result), names) if sentence)


def _looks_like_outcome(column: str) -> bool:
    """By the name of the gene or feature; variables of the clinical block were looked at in the catalog."""
    block, *parts = column.split("__")
    return block != "clinical" and bool(parts) and bool(outcome_word(parts[0] if block == "genomic" else parts[-1]))


def _against_baselines(result: StudyResult, winner: Winner, best: Score) -> list[str]:
    """How the best stands to each baseline under the same split, without claiming a difference that was not tested."""
    found: list[str] = []
    for name in result.blocks:
        score = find_score(result, NESTED, name, winner.models[name], winner.metric)
        if not is_baseline(name) or name == best.blocks or score is None or score.value is None:
            continue
        assert best.value is not None
        difference = round(best.value, 2) - round(score.value, 2)  # as the reader subtracts
        if difference <= 0:
            found.append(f"It did not score higher than the {name}-only baseline ({decimal(score.value)}).")
        else:
            found.append(
                f"It stands {decimal(difference)} above the {name}-only baseline; this difference was not tested."
            )
    return found
