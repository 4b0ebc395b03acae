"""The interval of a number of sums: equal to the jackknife, and patients count once."""

from __future__ import annotations

import numpy as np
import pytest

from tasks.modelling.intervals.estimate import Models, Way
from tasks.modelling.intervals.row_interval import FoldsTested, RowSums, row_estimate


def of_sums(sums: np.ndarray) -> np.ndarray:
    return np.asarray(1 - sums[:, 0] / sums[:, 1])


def rows(n: int, repeats: int = 1, noise: float = 0.0) -> list[RowSums]:
    rng = np.random.default_rng(3)
    usual, total = rng.normal(size=n) ** 2, 3 * rng.normal(size=n) ** 2
    changed = [usual + noise * rng.random(n) for _ in range(repeats)]
    return [RowSums(np.arange(n), np.column_stack([one, total]), i, "") for i, one in enumerate(changed)]


def value_of(sums: list[RowSums]) -> float:
    return float(of_sums(np.sum([one.adds.sum(axis=0) for one in sums], axis=0)[None, :])[0])


def seen_of(sums: list[RowSums], groups: np.ndarray, train: float = 48, ratio: float = 4.0) -> FoldsTested:
    return FoldsTested([one.rows for one in sums], [one.repeat for one in sums], groups, train, ratio)


def test_the_variance_is_about_that_of_leaving_out_each_patient() -> None:
    own = rows(200)
    value, groups = value_of(own), np.array([f"p{i // 2}" for i in range(200)])
    found = row_estimate(value, own, of_sums, seen_of(own, groups), "fixed")
    adds = own[0].adds.reshape(100, 2, 2).sum(axis=1)
    left = of_sums(adds.sum(axis=0) - adds)
    error = float(np.sqrt(99 / 100 * ((left - left.mean()) ** 2).sum()))
    assert found.low is not None
    assert np.log((1 - found.low) / (1 - value)) == pytest.approx(1.96 * error / (1 - value), rel=0.02)


def test_repeats_that_differ_widen_the_interval() -> None:
    same, apart = rows(60, 4), rows(60, 4, noise=3.0)
    groups = np.arange(60).astype(str)
    ends = []
    for own, models in ((same, "resampled"), (same, "fixed"), (apart, "fixed"), (apart, "resampled")):
        kind: Models = models  # type: ignore[assignment]
        found = row_estimate(value_of(own), own, of_sums, seen_of(own, groups), kind)
        assert found.low is not None
        ends.append(found.low)
    assert ends[0] == pytest.approx(ends[1])
    assert ends[3] < ends[2]


def test_why_there_is_none() -> None:
    own, groups = rows(30), np.arange(30).astype(str)
    seen = seen_of(own, groups)
    assert row_estimate(0.5, own, of_sums, seen, "resampled").reason == "no interval: a single repeat"
    assert row_estimate(0.5, own, of_sums, seen, "resampled", way="folds").reason == "no interval: a single fold"
    assert "new centre" in row_estimate(0.5, own, of_sums, seen, "centres").reason
    none = [RowSums(np.arange(30), np.tile([0.0, 1.0], (30, 1)), 0, "")]
    found = row_estimate(1.0, none, of_sums, seen_of(none, groups), "fixed")
    assert found.reason == "no interval: all patients add the same"


def test_what_moves_a_fold_as_a_whole_counts_once_however_often_folds_are_dealt() -> None:
    """By hand: five folds of four patients whose share is 1/4 or 3/4; patients add 3/16 / 20, folds their variance / 5."""
    groups, of_mean = np.arange(20).astype(str), lambda sums: np.asarray(sums[:, 0] / sums[:, 1])
    right = np.repeat([1, 3, 1, 3, 2], 4) > np.tile(np.arange(4), 5)
    adds = np.column_stack([right, np.ones(20)]).astype(float)
    once = [RowSums(np.arange(4 * i, 4 * i + 4), adds[4 * i : 4 * i + 4], 0, "") for i in range(5)]
    again = [RowSums(one.rows, one.adds, repeat, "") for repeat in range(10) for one in once]
    widths = []
    for sums in (once, again):
        found = row_estimate(0.5, sums, of_mean, seen_of(sums, groups, 16), "resampled", scale="plain", way="folds")
        assert found.high is not None
        assert found.interval_of.startswith("the mean score of models built in this way on 16 cases; other training")
        widths.append((found.high - 0.5) / 1.959964)
    between = np.var([0.25, 0.75, 0.25, 0.75, 0.5], ddof=1)
    assert widths[0] ** 2 == pytest.approx(0.25 / 20 * 20 / 19 + between / 5, rel=1e-6)
    assert widths[1] ** 2 == pytest.approx(0.25 / 20 * 20 / 19 + between * (4 / 49 * 10) / 5, rel=1e-6)


@pytest.mark.parametrize(
    ("way", "words"),
    [("built", "the mean score of models"), ("folds", "the mean score"), ("these", "the models of these folds")],
)
def test_an_interval_says_of_what_it_is(way: Way, words: str) -> None:
    own, groups = rows(60, 4, noise=3.0), np.arange(60).astype(str)
    found = row_estimate(value_of(own), own, of_sums, seen_of(own, groups), "resampled", way=way)
    assert found.interval_of.startswith(words)
