"""Claims: what an interval says of them, and that they are judged by the study's own scores and comparisons."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from tasks.modelling.claims.claim import CLAIMS, Estimated
from tasks.modelling.evaluation.evaluate import evaluate
from tests.support.design import FAST, make_design, make_study

SAYS = "texture tells more"
PAIR = {"kind": "better", "says": SAYS, "better": "radiomics", "than": "volume"}
OTHER = {**FAST, "name": "other"}


@pytest.mark.parametrize(
    ("claim", "higher", "interval", "verdict"),
    [
        (PAIR, True, (0.01, 0.2), "supported"),
        (PAIR, True, (-0.01, 0.2), "undecided"),
        (PAIR, True, (-0.2, -0.01), "not supported"),
        (PAIR, False, (-0.2, -0.01), "supported"),
        ({**PAIR, "by": 0.05}, True, (0.01, 0.2), "undecided"),
        ({**PAIR, "by": 0.05}, False, (-0.2, -0.06), "supported"),
        ({**PAIR, "by": 0.05}, True, (0.01, 0.04), "not supported"),
        (PAIR, True, (None, None), "undecided"),
        (PAIR, True, (0.0, 0.0), "undecided"),  # both predict alike
        ({**PAIR, "by": 0.05}, True, (0.0, 0.0), "not supported"),
        ({"kind": "beyond", "says": SAYS, "of": "radiomics", "value": 0.5}, True, (0.51, 0.7), "supported"),
        ({"kind": "beyond", "says": SAYS, "of": "radiomics", "value": 0.5}, True, (0.3, 0.5), "not supported"),
        ({"kind": "beyond", "says": SAYS, "of": "radiomics", "value": 0.25}, False, (0.1, 0.2), "supported"),
        ({"kind": "alike", "says": SAYS, "first": "a", "second": "b", "within": 0.05}, True, (-0.04, 0.04), "supported"),
        ({"kind": "alike", "says": SAYS, "first": "a", "second": "b", "within": 0.05}, True, (-0.04, 0.06), "undecided"),
        ({"kind": "alike", "says": SAYS, "first": "a", "second": "b", "within": 0.05}, True, (0.06, 0.1), "not supported"),
    ],
)  # fmt: skip
def test_a_verdict_needs_the_whole_interval(claim: Any, higher: bool, interval: Any, verdict: str) -> None:
    low, high = interval
    assert (
        CLAIMS.parse(claim).verdict(Estimated(None if low is None else (low + high) / 2, low, high), higher) == verdict
    )


def test_claims_are_judged_by_the_scores_and_the_comparisons_of_the_study() -> None:
    claims = [
        PAIR,
        {"kind": "beyond", "says": "above chance", "of": "radiomics", "value": 0.5, "metric": "auprc"},
        {"kind": "beyond", "says": "no such metric", "of": "clinical", "value": 0.5, "metric": "rank_c"},
        {**PAIR, "says": "where nothing is tested", "split": "centre_out"},
    ]
    splits: list[Any] = [{"kind": "nested", "folds": 3, "repeats": 2}, "centre_out"]
    result = evaluate(make_design(n=60, external=12), make_study(claims=claims, splits=splits, external=["other"]))
    better, above, unknown, untested = result.claims
    (pair,) = [
        one
        for one in result.comparisons
        if (one.split, one.blocks, one.other_blocks) == ("external", "radiomics", "volume")
    ]
    assert (better.split, better.cohort, better.metric) == ("external", "other", "auc")
    assert (better.value, better.low, better.high, better.n) == (pair.difference, pair.low, pair.high, pair.n)
    assert better.first == "radiomics with lasso_logistic"
    wanted = ("external", "radiomics", "auprc", "", above.within)
    (score,) = [s for s in result.scores if (s.split, s.blocks, s.metric, s.centre, s.within) == wanted]
    assert (above.value, above.low, above.high) == (score.value, score.low, score.high)
    assert unknown.verdict == untested.verdict == "undecided"
    assert "has no metric rank_c; it has auc" in unknown.reason
    assert untested.reason == "differences are not tested under centre_out"
    assert list(result.claims_table()["verdict"]) == [one.verdict for one in result.claims]


@pytest.mark.parametrize(
    ("claim", "sentence"),
    [
        ({**PAIR, "better": "texture"}, 'the set "texture" is none of the study: radiomics, clinical, volume'),
        ({**PAIR, "than": "radiomics"}, "both sides are the same combination"),
        ({**PAIR, "split": "temporal"}, 'the split "temporal" is none of the study'),
        ({**PAIR, "better": {"blocks": "radiomics", "model": "svm"}}, 'the candidate "svm" is none of the study'),
        ({**PAIR, "cohort": "elsewhere"}, "elsewhere is no external cohort"),
    ],
)
def test_a_claim_about_what_the_study_has_not_is_refused(claim: Any, sentence: str) -> None:
    with pytest.raises(ValidationError, match=sentence):
        make_study(claims=[claim])


def test_a_study_of_several_candidates_says_which_one_a_claim_is_about() -> None:
    with pytest.raises(ValidationError, match="say which `model` the claim is about"):
        make_study(models=[FAST, OTHER], claims=[PAIR])
