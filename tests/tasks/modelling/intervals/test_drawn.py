"""The variance of a score of draws with replacement: Efron and Tibshirani's formula, pairs as rows, and too few draws."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from tasks.modelling.intervals.drawn import drawn_variance, moved_by_pairs, moved_by_rows, times_drawn
from tasks.modelling.intervals.patient_pairs import PatientPairs
from tasks.modelling.pairs import auc_pairs

Floats = NDArray[np.float64]


def draws_of(n: int, draws: int, seed: int = 0) -> Floats:
    rng = np.random.default_rng(seed)
    return np.array([np.bincount(rng.integers(n, size=n), minlength=n) for _ in range(draws)], np.float64)


def test_of_a_mean_error_it_is_efron_and_tibshirani_s_formula() -> None:
    """Squared errors of the mean of each draw; D of their section 5 by a plain loop, of draws so many that little noise is left."""
    n, times = 15, draws_of(15, 6000)
    y = np.random.default_rng(1).normal(size=n)
    left_out = times == 0
    errors = (y - (times * y).sum(axis=1, keepdims=True) / n) ** 2 * left_out
    own = errors.sum(axis=0) / left_out.sum(axis=0)
    whole, wanted = float(own.mean()), 0.0
    for i in range(n):
        moved = float(((times[:, i] - times[:, i].mean()) * errors.mean(axis=1)).sum())
        wanted += ((2 + 1 / (n - 1)) * (own[i] - whole) / n + moved / left_out[:, i].sum()) ** 2
    pooled = errors.sum() / left_out.sum()
    found = drawn_variance(*moved_by_rows((errors - pooled * left_out) / left_out.sum()), times)
    assert found == pytest.approx(wanted, rel=0.1)


def test_where_draws_change_no_model_cases_that_are_predicted_are_all() -> None:
    """A model that depends on nobody: DeLong's variance without its small-sample factors, up to how often cases are left out."""
    rng, times = np.random.default_rng(2), draws_of(40, 400)
    label, score = np.arange(40) < 18, rng.normal(size=40) + (np.arange(40) < 18)
    rows = [np.flatnonzero(one == 0) for one in times]
    pairs = PatientPairs.of(
        [auc_pairs(own, label[own], score[own]) for own in rows], range(len(rows)), np.arange(40).astype(str)
    )
    tested, residual = moved_by_pairs(pairs)
    np.testing.assert_allclose(residual, 0.0, atol=1e-15)
    once = PatientPairs.of([auc_pairs(np.arange(40), label, score)], [0], np.arange(40).astype(str))
    plain = float((once.influence.sum(axis=0) ** 2).sum())
    assert drawn_variance(tested, residual, times) == pytest.approx(plain, rel=0.1)


def test_patients_are_drawn_with_all_rows_and_few_draws_do_not_tell() -> None:
    position = np.array([0, 0, 1, 2, -1])
    times = times_drawn([np.array([0, 1, 0, 1, 3]), np.array([2, 2, 2])], position, 3, 5)
    np.testing.assert_array_equal(times, [[2, 0, 1], [0, 3, 0]])
    with pytest.raises(ValueError, match="2 draws do not tell how much models depend on their cases, it takes 20"):
        drawn_variance(np.ones(3), np.zeros(2), times)
    with pytest.raises(ValueError, match="20 draws do not tell"):
        drawn_variance(np.zeros(3), np.zeros(20), np.ones((20, 3)))
