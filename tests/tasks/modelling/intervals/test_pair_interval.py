"""The interval of a share of pairs: when there is one, of what, and why there is none."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tasks.modelling.intervals.estimate import Estimate, Models
from tasks.modelling.intervals.pair_interval import pair_estimate
from tasks.modelling.pairs import Pairs, auc_pairs, share


def estimate(
    folds: list[Pairs], groups: Any, models: Models = "fixed", repeats: list[int] | None = None, sets: int = 1
) -> Estimate:
    value = share(folds)
    assert value is not None
    return pair_estimate(
        value, [folds] * sets, np.array(groups), models, repeats=repeats or [0] * len(folds), train=48, ratio=4.0
    )


def fold_of(label: list[int], score: list[float], start: int = 0) -> Pairs:
    return auc_pairs(np.arange(start, start + len(label)), np.array(label, bool), np.array(score))


@pytest.mark.parametrize(
    ("label", "score", "value", "reason"),
    [
        ([1, 0, 1, 0, 1], [2.0, 2.0, 2.0, 2.0, 2.0], 0.5, "all scores that are compared are equal"),
        ([1, 0, 0, 0, 0], [5.0, 2.0, 7.0, 1.0, 3.0], 0.75, "all comparable pairs hold one and the same patient"),
        ([1, 1, 1, 1, 0], [5.0, 2.0, 7.0, 1.0, 3.0], 0.5, "all comparable pairs hold one and the same patient"),
    ],
)
def test_what_cannot_vary_has_a_reason_and_no_interval(
    label: list[int], score: list[float], value: float, reason: str
) -> None:
    found = estimate([fold_of(label, score)], [*"abcde"])
    assert (found.value, found.low, found.high, found.interval_of) == (value, None, None, "")
    assert found.reason.startswith(reason)


def test_lesions_of_one_patient_are_one_patient_to_the_interval() -> None:
    found = estimate([fold_of([1, 1, 0, 0, 0], [5.0, 2.0, 4.0, 1.0, 3.0])], [*"aabcd"])
    assert (found.low, found.reason) == (None, "all comparable pairs hold one and the same patient")


def test_a_perfect_score_of_one_model_has_the_limit_of_pairs_that_share_no_patient() -> None:
    found = estimate([fold_of([1, 0, 1, 0, 1], [9.0, 2.0, 8.0, 1.0, 7.0])], [*"abcde"])
    assert (found.low, found.high) == (pytest.approx(0.025**0.5), 1.0)
    turned = estimate([fold_of([0, 1, 0, 1, 0], [9.0, 2.0, 8.0, 1.0, 7.0])], [*"abcde"])
    assert (turned.low, turned.high) == (0.0, pytest.approx(1 - 0.025**0.5))
    several = estimate([fold_of([1, 0, 1, 0], [9.0, 2.0, 8.0, 1.0])] * 2, [*"abcd"], "resampled", [0, 1])
    assert (several.low, several.reason) == (
        None,
        "no interval: all pairs are alike, which does not tell how others would differ",
    )


def test_each_way_of_predicting_says_of_what_the_interval_is() -> None:
    rng = np.random.default_rng(0)
    label = [1, 0] * 20
    folds = [fold_of(label, (rng.normal(size=40) + label).tolist(), 40 * i) for i in range(4)]
    apart = np.arange(160).astype(str)
    assert estimate(folds[:1], apart).interval_of.startswith("this model on other cases like these")
    assert "one new centre of about this size" in estimate(folds, apart, "centres").interval_of
    few = estimate(folds[:3], apart, "centres")
    assert (few.low, few.reason[:44]) == (None, "no interval: 3 centres do not tell how much ")
    again = [fold_of(label, (rng.normal(size=40) + label).tolist()) for _ in range(3)]
    found = estimate(again, apart, "resampled", [0, 1, 2])
    assert found.interval_of == (
        "the mean score of models built in this way on 48 cases; other training and test cases are allowed for"
    )
    assert estimate(again, apart, "resampled").reason == "no interval: a single repeat"


def test_several_sets_that_are_the_same_are_as_one() -> None:
    rng = np.random.default_rng(1)
    fold = fold_of([1, 0, 0] * 10, rng.normal(size=30).tolist())
    one, two = (estimate([fold], np.arange(30).astype(str), sets=sets) for sets in (1, 2))
    assert (two.low, two.high) == pytest.approx((one.low, one.high))


def test_the_least_and_greatest_of_the_repeats_are_shown() -> None:
    assert Estimate(0.7).between([0.6, 0.8, 0.7]) == Estimate(0.7, lowest=0.6, highest=0.8)
    assert Estimate(0.7).between([0.7]) == Estimate(0.7)
