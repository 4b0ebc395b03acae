"""Headline: the study's answer in one sentence, and what keeps it honest."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, Literal

import pandas as pd
from markupsafe import Markup

from features.core.catalog.outcome_name import outcome_word
from features.core.wording import counted
from tasks.modelling.evaluation.comparison import Comparison
from tasks.modelling.evaluation.result import Score, StudyResult
from tasks.modelling.evaluation.study import Study
from tasks.reports.copies import copies_sentence
from tasks.reports.labels import combination_label, is_baseline, metric_word
from tasks.reports.number_format import decimal, score_in_words
from tasks.reports.plain_labels import (
    CENTRE_OUT,
    GIVEN,
    NESTED,
    WITHIN,
    capital,
    held_out_label,
    model_label,
    split_label,
)
from tasks.reports.section import Findings, Section
from tasks.reports.sections.comparisons import comparison_of, tested
from tasks.reports.singles import alone_sentence
from tasks.reports.winner import Winner, find_score, held_out_cohorts, repeats_of


class Headline(Section):
    """The answer, and what keeps it honest."""

    kind: Literal["headline"] = "headline"
    order: ClassVar[int] = 1
    is_front: ClassVar[bool] = True

    def content(self, found: Findings) -> Mapping[str, object]:
        told = headline(found.study, found.result, found.winner)
        cautions = told.cautions + unused_split(found.study, found.facts.cohort_table)
        return {"parts": told.parts, "cautions": cautions}


@dataclass(frozen=True)
class Answer:
    """parts: the answer, then what stands beside it, with emphasis, escaped. cautions: sentences that stand below."""

    parts: tuple[Markup, ...]
    cautions: tuple[str, ...]

    @property
    def sentence(self) -> Markup:
        """All parts in one sentence."""
        return Markup("; ").join(self.parts) + "."


def headline(study: Study, result: StudyResult, winner: Winner) -> Answer:
    """What the study found. Only nested cross-validation names a best; other splits, and external cohorts, are told beside it.

    Where there are scores within centres, they come first; the pooled one stands beside, with a word on how it differs.
    """
    metric = metric_word(winner.metric)
    if winner.best is None:
        return Answer((_unchosen(study, result, winner),), _compared(result) + _doubts(result))
    best = winner.best
    apart = ", baselines apart," if winner.is_below_baseline else ""
    rank = f"Best of {winner.rivals} combinations{apart} under" if winner.rivals > 1 else "Under"
    of_what = score_in_words(best, metric, repeats_of(result, NESTED))
    within = "within centres: " if winner.within else ""
    parts = [
        Markup("{} {}: <strong>{}</strong>, {}{}").format(
            rank, split_label(NESTED), combination_label(study, best), within, of_what
        )
    ]
    clinical = _clinical(result, winner, metric) if best.blocks != "clinical" else []
    outside = find_score(result, CENTRE_OUT, best.blocks, best.model, winner.metric)
    told = score_in_words(outside, metric) if outside else "not part of this study"
    centre_out = Markup("leave-one-centre-out of the same combination: {}").format(told)
    parts += [centre_out, *_pooled(result, winner, best, metric), *clinical] if within else [*clinical, centre_out]
    for split, cohort in held_out_cohorts(result):
        told = _held_out(result, winner, (split, best.blocks, best.model), cohort)
        parts.append(Markup("{}: {}").format(held_out_label(split, cohort), told))
    cautions = [*_compared(result), *_doubts(result), *_not_within(result, winner)]
    cautions += _against_baselines(result, winner, best)
    if best.interval_of:
        cautions.append(f"The interval is of {best.interval_of}.")
    if outside and outside.interval_of:
        cautions.append(f"That of leave-one-centre-out is of {outside.interval_of}.")
    if alone := alone_sentence(study, result, best):
        cautions.append(alone)
    if winner.rivals > 1:
        cautions.append(
            "The best of many is optimistic: its score was picked for being the highest, and the interval does not "
            f"correct for that.{_not_asked(result)}"
        )
    return Answer(tuple(parts), tuple(cautions))


def _held_out(result: StudyResult, winner: Winner, of: tuple[str, str, str], cohort: str) -> str:
    """Scores of a cohort that models only predict: within its centres first, where it has several."""
    metric = metric_word(winner.metric)
    own = find_score(result, *of, winner.metric, cohort, within=WITHIN)
    pooled = find_score(result, *of, winner.metric, cohort)
    told = score_in_words(pooled, metric) if pooled else "not available"
    return f"within centres {score_in_words(own, metric)}, pooled over centres {told}" if own else told


def _clinical(result: StudyResult, winner: Winner, metric: str) -> list[Markup]:
    model = winner.models.get("clinical", "")
    score = find_score(result, NESTED, "clinical", model, winner.metric, within=winner.within)
    told = f"{score_in_words(score, metric)} with {model_label(score.model)}" if score else "not available"
    return [Markup("clinical-only{}: {}").format(" within centres" if winner.within else "", told)]


def _pooled(result: StudyResult, winner: Winner, best: Score, metric: str) -> list[Markup]:
    """The score that compares cases of different centres as well, and what a reader may not take it for."""
    score = find_score(result, NESTED, best.blocks, best.model, winner.metric)
    if score is None:
        return []
    return [Markup("pooled over centres: {}{}").format(score_in_words(score, metric), _why_pooled_differs(score, best))]


def _why_pooled_differs(pooled: Score, within: Score) -> str:
    if pooled.value is None or within.value is None:
        return ""
    difference = round(pooled.value, 2) - round(within.value, 2)  # as the reader subtracts
    if difference > 0:
        return (
            ", higher because cases of different centres are ordered better than those of one: telling the centres apart "
            "counts there"
        )
    if difference < 0:
        return ", lower because cases of different centres are ordered less well than those of one"
    return ", no different from within centres"


def _not_within(result: StudyResult, winner: Winner) -> list[str]:
    """Why nothing is said of scores within centres, where the study has several."""
    asked = [s for s in result.scores if (s.split, s.metric, s.within) == (NESTED, winner.metric, WITHIN)]
    if winner.within or not asked:
        return []
    return [
        f"There is no score within centres ({asked[0].reason or 'no reason was given'}): that of all cases together also "
        "counts telling the centres apart."
    ]


def unused_split(study: Study, table: pd.DataFrame) -> tuple[str, ...]:
    """A caution where the tables give a split and the study does not hold its test cases out."""
    if "split" not in table or any(split.kind == GIVEN for split in study.splits):
        return ()
    train, test = (int((table["split"] == part).sum()) for part in ("train", "test"))
    return (
        f"The tables give a split ({train} train, {test} test), which this study does not use: all cases count alike.",
    )


def _not_asked(result: StudyResult) -> str:
    """Which scores took no part in the choice of the best, where there are such."""
    centre_out = any(score.split == CENTRE_OUT and score.value is not None for score in result.scores)
    others = [
        *(["leave-one-centre-out"] if centre_out else []),
        *(["held-out cases"] if held_out_cohorts(result) else []),
    ]
    return f" {capital(' and '.join(others))} took no part in the choice." if others else ""


def _unchosen(study: Study, result: StudyResult, winner: Winner) -> Markup:
    if NESTED not in {split.kind for split in study.splits}:
        return Markup(
            "This study has no nested cross-validation, so no combination is named best: choosing the highest score of "
            "{} would make that score optimistic"
        ).format(split_label(winner.split))
    reason = next((score.reason for score in result.scores if score.split == NESTED and score.reason), "unknown")
    return Markup("No combination could be scored under nested cross-validation: {}").format(reason)


def _compared(result: StudyResult) -> tuple[str, ...]:
    tuned = result.tuned
    baselines = sum(is_baseline(name) for name in result.blocks)
    of_them = f", {counted(baselines, 'baseline')} among them," if baselines else ""
    return (
        f"{counted(tuned.combinations, 'combination')} of {counted(tuned.block_sets, 'set')} of blocks"
        f"{of_them} and {counted(tuned.models, 'candidate')} were compared.",
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
    """How the best stands to each baseline under the same split, and whether that was more than chance."""
    found: list[str] = []
    for name in result.blocks:
        score = find_score(result, NESTED, name, winner.models[name], winner.metric, within=winner.within)
        if not is_baseline(name) or name == best.blocks or score is None or score.value is None:
            continue
        assert best.value is not None
        difference = round(best.value, 2) - round(score.value, 2)  # as the reader subtracts
        if difference <= 0:
            found.append(f"It did not score higher than the {name}-only baseline ({decimal(score.value)}).")
        else:
            pair = comparison_of(result.comparisons, NESTED, best.blocks, best.model, name)
            same = pair is not None and winner.models[name] == best.model
            told = tested(pair) if pair and same else _other_candidate(pair, best)
            found.append(f"It stands {decimal(difference)} above the {name}-only baseline; {told}.")
    return found


def _other_candidate(pair: Comparison | None, best: Score) -> str:
    """Where the baseline is best by another candidate, the test is of the same one."""
    if pair is None:
        return "this difference was not tested"
    return f"with {model_label(best.model)} for both: {tested(pair)}"
