"""The variance of one model's score: DeLong's and Obuchowski's, and what perfect scores allow."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binomtest

from tasks.modelling.intervals.delong import disjoint_pairs, fixed_variance, least_of_perfect
from tasks.modelling.intervals.patient_pairs import PatientPairs
from tasks.modelling.pairs import auc_pairs, harrell_pairs


def pairs_of(label: list[int], score: list[float], patients: str = "") -> PatientPairs:
    rows = np.arange(len(label))
    groups = np.array(list(patients)) if patients else rows.astype(str)
    return PatientPairs.of([auc_pairs(rows, np.array(label, bool), np.array(score))], [0], groups)


LIPO = (  # labels of WORC-Lipo (WORC database, Starmans et al., medRxiv 2021), by rising elongation in MR
    "101110010110011111101111111100111100111011100110100011010100000100110101000010000110011000001111100010001010100000"
)


def test_the_variance_of_an_auc_is_that_of_proc() -> None:
    """R's pROC 1.18.0: AUC 0.3293321022, DeLong's variance 0.0026273816."""
    pairs = pairs_of([int(label) for label in LIPO], [float(i) for i in range(len(LIPO))])
    assert pairs.value == pytest.approx(0.3293321022, abs=1e-10)
    assert fixed_variance(pairs) == pytest.approx(0.0026273816, abs=1e-10)


def test_the_variance_of_an_auc_with_ties_is_that_of_its_placements() -> None:
    """By hand: what share of the other class each case stands on the right side of, ties one half."""
    pairs = pairs_of([1, 0, 1, 1, 0, 0], [5, 2, 4, 1, 3, 1])
    first, second = np.array([1, 1, 1 / 6]), np.array([2 / 3, 2 / 3, 5 / 6])
    assert fixed_variance(pairs) == pytest.approx(first.var(ddof=1) / 3 + second.var(ddof=1) / 3)


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_cases_that_stand_twice_count_once(seed: int) -> None:
    """Each case twice, as two lesions of one patient: the value stays, and so does the variance up to its small-sample factors."""
    rng = np.random.default_rng(seed)
    label, score = rng.permutation([1] * 6 + [0] * 9), rng.integers(0, 9, 15).astype(float)
    names = "abcdefghijklmno"
    once, twice = pairs_of([*label], [*score], names), pairs_of([*label, *label], [*score, *score], names * 2)
    assert twice.value == pytest.approx(once.value)
    assert fixed_variance(twice) == pytest.approx(fixed_variance(once))


def test_influences_of_a_c_index_add_up_to_nothing() -> None:
    """Two events before all others: few stand first, and the others carry the variance."""
    rng = np.random.default_rng(0)
    event, time, score = np.arange(30) < 1, np.arange(30.0), rng.normal(size=30)
    event[1] = True
    pairs = PatientPairs.of([harrell_pairs(np.arange(30), event, time, score)], [0], np.arange(30).astype(str))
    row, column = pairs.influence
    assert (np.abs(row) > 0).sum() <= 2
    assert row.sum() == pytest.approx(0, abs=1e-12)
    assert column.sum() == pytest.approx(0, abs=1e-12)
    assert fixed_variance(pairs) > (column**2).sum()


@pytest.mark.parametrize(("label", "patients", "pairs"), [([1, 1, 0, 0, 0], "", 2), ([1, 1, 0, 0, 0], "aabcd", 1)])
def test_pairs_that_share_no_patient(label: list[int], patients: str, pairs: int) -> None:
    assert disjoint_pairs(pairs_of(label, [5, 4, 3, 2, 1], patients)) == pairs


def test_the_least_of_a_perfect_score_is_clopper_and_pearson_s() -> None:
    for n in (2, 7, 20):
        assert least_of_perfect(n) == pytest.approx(binomtest(n, n).proportion_ci(0.95, "exact").low)
