"""mean_slope has the slopes of numpy and the tests of scipy, and holds where patients change each in their own way."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import kstest, pearsonr, ttest_1samp, ttest_ind

from tasks.modelling.effects.effect import EFFECTS, Sample
from tasks.modelling.effects.mixed_effects import MixedEffects


def courses(rng: np.random.Generator, *, own: float, mean: float = 0.0, patients: int = 24) -> Sample:
    """Six visits of each patient, whose slope per 30 days is of this mean and spread; every second one is a responder."""
    codes = np.repeat(np.arange(patients), 6).astype(np.intp)
    days = np.tile(np.arange(6) * 7.0, patients) + rng.uniform(-1, 1, patients * 6)
    slopes = rng.normal(mean, own, patients)
    x = rng.normal(size=patients)[codes] + slopes[codes] * days / 30 + 0.1 * rng.normal(size=len(codes))
    fixed, strata = np.empty((len(x), 0)), np.zeros(len(x), np.intp)
    return Sample(x, (codes % 2).astype(float), "flag", codes, fixed, strata, None, days)


def test_slopes_and_tests_are_those_of_numpy_and_scipy() -> None:
    sample = courses(np.random.default_rng(0), own=0.4, mean=-0.5)
    assert sample.visit_days is not None
    sd = sample.x.std(ddof=1)
    slopes = np.array(
        [
            np.polyfit(sample.visit_days[own] / 30, sample.x[own], 1)[0]
            for own in (sample.patients == i for i in range(24))
        ]
    )
    found = EFFECTS.parse("mean_slope").estimate(sample)
    assert found.value == pytest.approx(slopes.mean() / sd, abs=1e-12)
    assert found.p == pytest.approx(ttest_1samp(slopes, 0).pvalue, rel=1e-9)
    apart = EFFECTS.parse({"kind": "mean_slope", "term": "variable"}).estimate(sample)
    theirs = ttest_ind(slopes[1::2], slopes[::2], equal_var=False)
    assert apart.p == pytest.approx(theirs.pvalue, rel=1e-9)
    assert (apart.low, apart.high) == pytest.approx(tuple(theirs.confidence_interval() / sd), rel=1e-9)
    numbers = sample.take(np.arange(len(sample)))
    y = np.random.default_rng(1).normal(size=24)
    object.__setattr__(numbers, "y", y[sample.patients])
    object.__setattr__(numbers, "kind", "number")
    line = EFFECTS.parse({"kind": "mean_slope", "term": "variable"}).estimate(numbers)
    assert line.p == pytest.approx(pearsonr(slopes, y).pvalue, rel=1e-9)


def test_where_patients_change_each_in_their_own_way_its_p_is_uniform_and_that_of_one_slope_for_all_is_not() -> None:
    """200 cohorts whose slopes are 0 on average. The mixed model of one slope calls 64 of them a change."""
    p, shared = [], []
    for seed in range(200):
        sample = courses(np.random.default_rng([seed, 4]), own=0.4)
        p.append(EFFECTS.parse("mean_slope").estimate(sample).p)
        shared.append(MixedEffects().estimate(sample).p)
    assert kstest(p, "uniform").pvalue > 0.01
    assert (np.array(p) <= 0.05).sum() <= 20
    assert (np.array(shared) <= 0.05).sum() >= 50


def test_patients_with_one_visit_are_left_out_and_told_where_too_few_remain() -> None:
    sample = courses(np.random.default_rng(0), own=0.4)
    first = sample.take(np.unique(sample.patients, return_index=True)[1])
    assert EFFECTS.parse("mean_slope").lacking(first) == "0 patients with visits on different days; needed: 5"
    assert EFFECTS.parse("mean_slope").lacking(sample) == ""
