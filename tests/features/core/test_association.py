"""Association equals the textbook statistic, column by column."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import spearmanr
from sklearn.metrics import roc_auc_score

from features.core.association import association, auc_distance, cox_score_z
from features.core.outcome import Outcome


def test_auc_distance_equals_scikit_learn_with_ties() -> None:
    rng = np.random.default_rng(0)
    X, y = rng.integers(0, 6, (60, 8)).astype(float), rng.random(60) < 0.4
    X[:, 0] = rng.normal(size=60)
    expected = [abs(roc_auc_score(y, column) - 0.5) for column in X.T]
    np.testing.assert_allclose(auc_distance(X, y), expected, atol=1e-12)


def test_cox_score_equals_risk_set_sums_with_ties() -> None:
    rng = np.random.default_rng(1)
    X, event, time = rng.normal(size=(40, 5)), rng.random(40) < 0.6, rng.integers(1, 15, 40).astype(float)
    expected = []
    for x in X.T:
        score = variance = 0.0
        for i in np.flatnonzero(event):
            at_risk = x[time >= time[i]]
            score, variance = score + x[i] - at_risk.mean(), variance + at_risk.var()
        expected.append(abs(score) / np.sqrt(variance))
    np.testing.assert_allclose(cox_score_z(X, event, time), expected, rtol=1e-9)


def test_cox_score_of_a_constant_is_zero() -> None:
    z = cox_score_z(np.full((10, 1), 3.7), np.ones(10, dtype=bool), np.arange(10.0))
    np.testing.assert_array_equal(z, [0.0])


@pytest.mark.parametrize("unit", [1e-200, 1e-9, 1e9, 1e300])
def test_the_unit_of_a_column_does_not_move_its_cox_score(unit: float) -> None:
    rng = np.random.default_rng(2)
    X, event, time = rng.normal(size=(40, 5)), rng.random(40) < 0.6, rng.integers(1, 15, 40).astype(float)
    np.testing.assert_allclose(cox_score_z(X * unit, event, time), cox_score_z(X, event, time), rtol=1e-9)


def test_no_event_is_refused() -> None:
    with pytest.raises(ValueError, match="at least one event"):
        cox_score_z(np.zeros((4, 2)), np.zeros(4, dtype=bool), np.arange(4.0))


def test_association_with_a_number_is_spearman_s() -> None:
    rng = np.random.default_rng(2)
    X, value = rng.integers(0, 6, (50, 4)).astype(float), rng.integers(0, 9, 50).astype(float)
    expected = [abs(spearmanr(column, value).statistic) for column in X.T]
    np.testing.assert_allclose(association(X, Outcome.of_value(value)), expected, atol=1e-12)
    assert association(np.ones((50, 1)), Outcome.of_value(value)) == [0.0]
    with pytest.raises(ValueError, match="an outcome that varies"):
        association(X, Outcome.of_value(np.ones(50)))
