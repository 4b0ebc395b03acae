"""Thresholds and probabilities that training folds learn, against scikit-learn."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.calibration import _sigmoid_calibration as platt
from sklearn.metrics import roc_curve

from tasks.modelling.decisions.probability import fit_probability, probability_of
from tasks.modelling.decisions.threshold import youden_threshold


@settings(max_examples=50, deadline=None)
@given(seed=st.integers(0, 10_000), digits=st.integers(0, 3))
def test_no_threshold_has_a_higher_sum_than_that_of_youden(seed: int, digits: int) -> None:
    rng = np.random.default_rng(seed)
    label = np.r_[True, False, rng.random(30) < 0.3]
    risk = np.r_[-5.0, 5.0, rng.normal(size=30).round(digits) + label[2:]]
    cut = youden_threshold(label, risk)
    false, true, _ = roc_curve(label, risk, drop_intermediate=False)
    found = (risk[label] > cut).mean() - (risk[~label] > cut).mean()
    assert found == pytest.approx((true - false)[1:-1].max(), abs=1e-12)


def test_risks_that_are_one_call_nobody_positive() -> None:
    assert not (np.ones(4) > youden_threshold(np.array([True, False, True, False]), np.ones(4))).any()


def test_one_class_teaches_nothing() -> None:
    yes = np.array([True, True])
    assert math.isnan(youden_threshold(yes, np.arange(2.0)))
    assert all(map(math.isnan, fit_probability(yes, np.arange(2.0))))


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10_000), scale=st.sampled_from([1e-3, 1.0, 1e4]))
def test_probabilities_are_those_of_platt(seed: int, scale: float) -> None:
    rng = np.random.default_rng(seed)
    label = np.r_[True, False, rng.random(60) < 0.4]
    risk = (rng.normal(size=62) + 1.5 * label) * scale
    slope, intercept = platt(risk / scale, label.astype(float))  # 1 / (1 + exp(slope · risk + intercept))
    expected = 1 / (1 + np.exp(slope * risk / scale + intercept)) if slope < 0 else np.full(62, label.mean())
    np.testing.assert_allclose(probability_of(fit_probability(label, risk), risk), expected, atol=1e-4)


def test_risks_that_separate_the_classes_have_finite_probabilities() -> None:
    label = np.arange(20) >= 10
    said = probability_of(fit_probability(label, np.arange(20.0)), np.arange(20.0))
    assert 0 < said[0] < 0.05
    assert 0.95 < said[-1] < 1


def test_a_risk_that_says_the_contrary_says_nothing() -> None:
    label = np.arange(20) < 5
    np.testing.assert_allclose(probability_of(fit_probability(label, np.arange(20.0)), np.arange(20.0)), 0.25)
