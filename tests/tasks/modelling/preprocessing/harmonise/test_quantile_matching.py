"""Quantile matching beside quantile normalisation, which it is for centres of one size."""

from __future__ import annotations

import numpy as np
import pytest

from tasks.modelling.preprocessing.harmonise.quantile_matching import QuantileMatching
from tests.support.harmonised import any_target, rows_of


def test_centres_of_one_size_take_the_mean_of_their_ordered_values() -> None:
    """Bolstad et al. 2003; and the order of a centre's rows stays."""
    rng = np.random.default_rng(0)
    centres = np.repeat(["a", "b", "c"], 20)
    X = rng.gamma(1.0, size=(60, 4)) ** np.repeat([1.0, 2.0, 0.5], 20)[:, None]
    rows = rows_of(X, centres)
    found = QuantileMatching().fit(rows, any_target(60), 0).apply(rows).X
    ordered = np.mean([np.sort(X[centres == one], axis=0) for one in "abc"], axis=0)
    for one in "abc":
        np.testing.assert_allclose(np.sort(found[centres == one], axis=0), ordered)
        np.testing.assert_array_equal(found[centres == one].argsort(axis=0), X[centres == one].argsort(axis=0))


def test_the_reference_stays_and_values_beyond_the_last_keep_their_distance() -> None:
    rows = rows_of([[0.0], [1.0], [2.0], [10.0], [30.0], [20.0]], ["a"] * 3 + ["b"] * 3)
    step = QuantileMatching(reference="b").fit(rows, any_target(6), 0)
    assert step.apply(rows).X.ravel().tolist() == [10, 20, 30, 10, 30, 20]
    assert step.apply(rows_of([[-3.0], [0.5], [5.0]], ["a"] * 3)).X.ravel() == pytest.approx([7, 15, 33])
