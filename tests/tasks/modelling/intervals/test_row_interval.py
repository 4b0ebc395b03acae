"""The interval of a number of sums: equal to the jackknife, and patients count once."""

from __future__ import annotations

import numpy as np
import pytest

from tasks.modelling.intervals.estimate import Models
from tasks.modelling.intervals.row_interval import RowSums, row_estimate


def of_sums(sums: np.ndarray) -> np.ndarray:
    return np.asarray(1 - sums[:, 0] / sums[:, 1])


def rows(n: int, repeats: int = 1, noise: float = 0.0) -> list[RowSums]:
    rng = np.random.default_rng(3)
    usual, total = rng.normal(size=n) ** 2, 3 * rng.normal(size=n) ** 2
    changed = [usual + noise * rng.random(n) for _ in range(repeats)]
    return [RowSums(np.arange(n), np.column_stack([one, total]), i, "") for i, one in enumerate(changed)]


def value_of(sums: list[RowSums]) -> float:
    return float(of_sums(np.sum([one.adds.sum(axis=0) for one in sums], axis=0)[None, :])[0])


def test_the_variance_is_about_that_of_leaving_out_each_patient() -> None:
    own = rows(200)
    value, groups = value_of(own), np.array([f"p{i // 2}" for i in range(200)])
    found = row_estimate(value, own, of_sums, groups, "fixed", train=60, ratio=1.0)
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
        found = row_estimate(value_of(own), own, of_sums, groups, kind, train=48, ratio=4.0)
        assert found.low is not None
        ends.append(found.low)
    assert ends[0] == pytest.approx(ends[1])
    assert ends[3] < ends[2]


def test_why_there_is_none() -> None:
    own, groups = rows(30), np.arange(30).astype(str)
    assert (
        row_estimate(0.5, own, of_sums, groups, "resampled", train=24, ratio=4.0).reason
        == "no interval: a single repeat"
    )
    assert "new centre" in row_estimate(0.5, own, of_sums, groups, "centres", train=24, ratio=4.0).reason
    bad = row_estimate(-0.1, rows(30, 2), of_sums, groups, "resampled", train=24, ratio=4.0, above=0.0)
    assert bad.reason == "no interval: the score is not above 0, where none was found that is narrow enough"
    none = [RowSums(np.arange(30), np.tile([0.0, 1.0], (30, 1)), 0, "")]
    found = row_estimate(1.0, none, of_sums, groups, "fixed", train=24, ratio=4.0)
    assert found.reason == "no interval: all patients add the same"
