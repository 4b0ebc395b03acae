"""What is to be explained: a column for each question, in the order of a prediction's columns."""

from __future__ import annotations

import numpy as np
import pytest
from sksurv.nonparametric import nelson_aalen_estimator

from features.core.outcome import Outcome
from tasks.modelling.fusion.weighing.residuals import centred, residuals
from tests.support.design import ANY_ENDPOINT, make_design


def test_martingale_residuals_are_events_less_the_nelson_aalen_estimate_and_sum_to_zero() -> None:
    rng = np.random.default_rng(0)
    event, days = rng.random(60) < 0.5, np.ceil(rng.exponential(8, 60))  # many ties
    found = residuals(Outcome.of_days(event, days), ANY_ENDPOINT["survival"])[:, 0]
    at, hazard = nelson_aalen_estimator(event, days)
    np.testing.assert_allclose(found, event - hazard[np.searchsorted(at, days)], atol=1e-12)
    assert abs(found.sum()) < 1e-9


def test_another_cause_ends_the_follow_up_and_is_no_event() -> None:
    outcome = Outcome(np.array([1, 2, 0]), days=np.array([1.0, 2.0, 3.0]), levels=("none", "relapse", "death"))
    np.testing.assert_allclose(residuals(outcome, ANY_ENDPOINT["competing_risks"])[:, 0], [1 - 1 / 3, -1 / 3, -1 / 3])


@pytest.mark.parametrize("kind", ANY_ENDPOINT)
def test_there_is_a_column_for_each_question(kind: str) -> None:
    design = make_design(kind)
    found = residuals(design.outcome, design.endpoint)
    several = design.endpoint.predicted in ("classes", "labels")
    assert found.shape == (48, len(design.outcome.levels) if several else 1)
    assert np.isfinite(found).all()


def test_centred_takes_the_mean_of_each_fold() -> None:
    values = np.array([[1.0], [2], [3], [4], [5], [10], [20], [30], [40], [50]])
    folds = np.repeat([0, 1], 5)
    found = centred(values, folds)[:, 0]
    np.testing.assert_allclose(found, [-2, -1, 0, 1, 2, -20, -10, 0, 10, 20], atol=1e-12)
    assert values[0, 0] == 1


def test_centres_of_a_case_or_two_have_one_level_together() -> None:
    values = np.random.default_rng(0).normal(size=(12, 1))
    alone = np.array([f"practice {i}" for i in range(12)])
    np.testing.assert_allclose(centred(values, alone), values - values.mean(), atol=1e-12)


def test_a_level_for_each_fold_and_each_centre_leaves_nothing_of_what_differs_between_them() -> None:
    rng = np.random.default_rng(0)
    folds, centres = np.arange(60) % 4, np.array(["a", "b", "c"])[rng.integers(0, 3, 60)]
    within = rng.normal(size=(60, 2))
    between = np.where(centres == "a", 50.0, 0.0)[:, None] + 7.0 * folds[:, None]
    np.testing.assert_allclose(centred(within + between, folds, centres), centred(within, folds, centres), atol=1e-9)
