"""The sentence that people quote."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from tasks.reports.number_format import decimal
from tasks.reports.sections.headline import Answer, headline
from tasks.reports.study_report import render_report
from tasks.reports.winner import find_score, find_winner


def test_best_is_the_highest_nested_score_within_centres_beside_its_baseline_and_centre_out(binary: Any) -> None:
    winner = find_winner(binary.study, binary.result)
    nested = [
        s
        for s in binary.result.scores
        if (s.split, s.within) == ("nested", "centre") and s.blocks not in ("clinical", "volume")
    ]
    assert winner.best is max(nested, key=lambda score: score.value)
    text = _text(headline(binary.study, binary.result, winner))
    assert text.startswith("Best of 4 combinations under nested cross-validation: ")
    assert f", within centres: AUC {decimal(winner.best.value)} (95 % CI " in text
    assert f"n = 90, events = {binary.result.events})" in text
    assert "clinical-only within centres: AUC " in text
    outside = find_score(binary.result, "centre_out", winner.best.blocks, winner.best.model, "auc")
    assert outside is not None
    assert f"leave-one-centre-out of the same combination: AUC {decimal(outside.value)} " in text


def test_cautions_tell_how_many_were_compared(binary: Any) -> None:
    found = headline(binary.study, binary.result, find_winner(binary.study, binary.result)).cautions
    assert found[0] == "8 combinations of 4 sets of blocks, 2 baselines among them, and 2 candidates were compared."
    assert "The best of many is optimistic" in found[-1]
    assert "Leave-one-centre-out took no part in the choice." in found[-1]


def test_what_the_study_does_not_have_is_not_said_to_be_apart_from_the_choice(binary: Any) -> None:
    result = replace(binary.result, scores=tuple(s for s in binary.result.scores if s.split == "nested"))
    found = headline(binary.study, result, find_winner(binary.study, result)).cautions
    assert found[-1].endswith("the interval does not correct for that.")


def test_leave_one_centre_out_never_chooses(binary: Any) -> None:
    scores = tuple(
        replace(s, value=0.99) if s.split == "centre_out" and s.model == "svm" else s for s in binary.result.scores
    )
    before, after = (
        find_winner(binary.study, binary.result),
        find_winner(binary.study, replace(binary.result, scores=scores)),
    )
    assert after == before


def test_without_nested_cross_validation_no_best_is_named(binary: Any) -> None:
    study = binary.study.model_copy(update={"splits": binary.study.splits[1:]})
    kept = tuple(score for score in binary.result.scores if score.split == "centre_out")
    result = replace(binary.result, scores=kept)
    winner = find_winner(study, result)
    assert winner.best is None
    assert set(winner.models.values()) == {"lasso_logistic"}
    assert "no combination is named best" in _text(headline(study, result, winner))


def test_a_best_below_its_baseline_is_said_to_be_so(binary: Any) -> None:
    scores = tuple(replace(s, value=0.95) if s.blocks == "clinical" else s for s in binary.result.scores)
    result = replace(binary.result, scores=scores)
    found = headline(binary.study, result, find_winner(binary.study, result)).cautions
    assert "It did not score higher than the clinical-only baseline (0.95)." in found


def test_reasons_are_told_where_nothing_could_be_scored(binary: Any) -> None:
    scores = tuple(replace(s, value=None, low=None, high=None, reason="one <class> only") for s in binary.result.scores)
    result = replace(binary.result, scores=scores)
    found = headline(binary.study, result, find_winner(binary.study, result))
    assert "No combination could be scored under nested cross-validation: one &lt;class&gt; only." in found.sentence


def _text(found: Answer) -> str:
    return found.sentence.striptags().replace("\u00a0", " ")


def test_a_column_that_gives_what_the_model_gives_is_named(binary: Any) -> None:
    winner = find_winner(binary.study, binary.result)
    assert winner.best is not None
    within = find_score(binary.result, "nested", winner.best.blocks, winner.best.model, "auc", within="centre")
    assert within is not None and within.value is not None
    one = next(single for single in binary.result.singles if single.block == "radiomics")

    def said(out_of_fold: float) -> str:
        result = replace(binary.result, singles=(replace(one, out_of_fold=out_of_fold, chosen=7, folds=8),))
        return " ".join(headline(binary.study, result, winner).cautions)

    alone = f"(in 7 of 8 folds {one.column}) has AUC {decimal(within.value)} out of fold, the model"
    assert "One column alone gives what the model gives: the best of radiomics in each training fold" in said(
        within.value
    )
    assert alone in said(within.value)
    assert "(both within centres)" in said(within.value)
    assert "One column alone" not in said(within.value - 0.02)


def test_predictors_that_are_named_as_outcomes_are_told(binary: Any) -> None:
    genes = {
        **binary.result.blocks,
        "genomic": ("genomic__EFS", "genomic__OS9__cn", "genomic__TP53", "clinical__os_like"),
    }
    result = replace(binary.result, blocks=genes)
    found = headline(binary.study, binary.result, find_winner(binary.study, binary.result)).cautions
    assert not any("named as" in sentence for sentence in found)
    found = headline(
        binary.study, replace(result, scores=()), find_winner(binary.study, replace(result, scores=()))
    ).cautions
    assert "2 predictors are named as outcomes are, though not one by their values: EFS, OS9__cn." in found


def test_a_split_that_is_given_and_not_used_is_said(binary: Any) -> None:
    table = binary.facts.cohort_table.assign(split=["train"] * 60 + ["test"] * 30)
    page = render_report(binary.study, binary.result, replace(binary.facts, cohort_table=table)).html
    assert "The tables give a split (60 train, 30 test), which this study does not use" in page
    assert "The tables give a split" not in binary.html


@pytest.mark.parametrize(
    ("pooled", "told"),
    [
        (
            0.66,
            "AUC 0.66 (95 % CI 0.60–0.70, n = 90, events = {}), higher because cases of different centres are ordered better "
            "than those of one: telling the centres apart counts there",
        ),
        (0.581, "AUC 0.58 (95 % CI 0.60–0.70, n = 90, events = {}), no different from within centres"),
        (
            0.5,
            "AUC 0.50 (95 % CI 0.60–0.70, n = 90, events = {}), lower because cases of different centres are ordered less",
        ),
    ],
)
def test_the_pooled_score_stands_beside_with_a_word_on_how_it_differs(binary: Any, pooled: float, told: str) -> None:
    result = _with_nested(binary, within=0.58, pooled=pooled)
    text = _text(headline(binary.study, result, find_winner(binary.study, result)))
    assert f"pooled over centres: {told.format(result.events)}" in text
    places = [
        text.index(part)
        for part in (", within centres: AUC 0.58", "leave-one-centre-out", "pooled over", "clinical-only")
    ]
    assert places == sorted(places)


def test_recognising_the_centre_chooses_no_combination(binary: Any) -> None:
    before = find_winner(binary.study, binary.result)
    scores = tuple(
        replace(s, value=0.99) if (s.within, s.model, s.split) == ("", "svm", "nested") else s
        for s in binary.result.scores
    )
    assert find_winner(binary.study, replace(binary.result, scores=scores)) == before


def test_the_spread_over_repeats_and_what_the_interval_is_of_are_told(binary: Any) -> None:
    winner = find_winner(binary.study, binary.result)
    assert winner.best is not None
    outside = find_score(binary.result, "centre_out", winner.best.blocks, winner.best.model, "auc")
    changes = {winner.best: {"lowest": 0.71, "highest": 0.76, "interval_of": "the mean of dice"}}
    changes[outside] = {"low": 0.1, "high": 0.9, "interval_of": "one new die"}
    scores = tuple(replace(s, **changes.get(s, {})) for s in binary.result.scores)
    result = replace(binary.result, scores=scores)
    found = headline(binary.study, result, find_winner(binary.study, result))
    assert "; over 2 repeats 0.71 to 0.76)" in _text(found)
    assert "The interval is of the mean of dice." in found.cautions
    assert "That of leave-one-centre-out is of one new die." in found.cautions


def test_why_there_is_no_score_within_centres_is_said(binary: Any) -> None:
    why = "every centre has one class"
    scores = tuple(replace(s, value=None, reason=why) if s.within else s for s in binary.result.scores)
    result = replace(binary.result, scores=scores)
    winner = find_winner(binary.study, result)
    assert winner.best is not None and winner.best.within == ""
    found = headline(binary.study, result, winner)
    assert "within centres" not in _text(found)
    assert any(f"There is no score within centres ({why})" in sentence for sentence in found.cautions)


def _with_nested(reported: Any, *, within: float, pooled: float) -> Any:
    scores = tuple(
        replace(s, value=within if s.within else pooled, low=0.6, high=0.7) if s.split == "nested" else s
        for s in reported.result.scores
    )
    return replace(reported.result, scores=scores)
