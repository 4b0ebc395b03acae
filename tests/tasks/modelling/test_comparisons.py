"""Differences between candidates: equal to R's pROC and to formulas by hand, corrected, and honest about what is not tested."""

from __future__ import annotations

from itertools import product
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import rankdata, ttest_1samp

from features.core.outcome import Outcome
from tasks.modelling.comparisons.comparing import Comparing
from tasks.modelling.comparisons.corrected import benjamini_hochberg, holm
from tasks.modelling.comparisons.corrected_t import corrected_t
from tasks.modelling.comparisons.difference import Difference
from tasks.modelling.comparisons.heterogeneity import heterogeneity
from tasks.modelling.comparisons.paired_test import paired_test
from tasks.modelling.comparisons.swapped import swapped_p
from tasks.modelling.evaluation.evaluate import evaluate
from tasks.modelling.metrics.metric import METRICS
from tasks.modelling.pairs import auc_pairs, share
from tasks.modelling.prediction import Prediction
from tasks.modelling.scored import Scored
from tests.support.design import ANY_ENDPOINT, make_design, make_study


def delong(label: object, one: object, two: object, groups: object = None) -> Difference:
    """Of two scores of the same cases by one fitted model each."""
    flag, rows = np.asarray(label, bool), np.arange(len(np.asarray(label)))
    names = rows.astype(str) if groups is None else np.asarray(groups, str)
    sets = [[[auc_pairs(rows, flag, np.asarray(score, float))]] for score in (one, two)]
    first, second = (share(own[0]) for own in sets)
    assert first is not None
    assert second is not None
    return paired_test(first - second, *sets, names, "fixed", repeats=[0], ratio=1.0)


@pytest.mark.data
def test_the_test_of_two_aucs_is_that_of_proc(public_data: Path) -> None:
    """R's pROC 1.18.0, roc.test with paired = TRUE, of two columns of WORC-Lipo, and of one of them with many ties."""
    table = pd.read_csv(public_data / "radmlbench" / "WORC-Lipo.csv.gz")
    label, one = table["Target"] == 1, table["MR_original_shape_Elongation"]
    others = {"plain": table["MR_original_firstorder_Mean"], "ties": np.round(one * 5)}
    p = {word: delong(label, one, other).p for word, other in others.items()}
    assert p == pytest.approx({"plain": 0.3340275799, "ties": 0.1198809297}, abs=1e-8)


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_rows_of_a_patient_who_stands_twice_add_no_certainty(seed: int) -> None:
    rng = np.random.default_rng(seed)
    label = np.arange(20) < 9
    one, two = rng.normal(size=20) + label, rng.normal(size=20)
    once = delong(label, one, two)
    twice, names = np.tile(label, 2), np.tile(np.arange(20), 2)
    doubled = delong(twice, np.tile(one, 2), np.tile(two, 2), names)
    assert once.value is not None
    assert (doubled.value, doubled.p) == (pytest.approx(once.value), pytest.approx(once.p))
    back = delong(label, two, one)
    assert (back.value, back.p) == (pytest.approx(-once.value), pytest.approx(once.p))


def test_a_candidate_does_not_differ_from_itself() -> None:
    label, score = np.arange(12) < 5, np.arange(12.0) % 5
    same = delong(label, score, score)
    assert (same.value, same.p) == (0.0, 1.0)


def test_the_corrected_t_is_its_formula() -> None:
    """By hand; without the share of test cases it is the plain t-test."""
    found = [0.05, 0.02, -0.01, 0.04, 0.03, 0.06, 0.0, 0.02, 0.05, 0.01]
    corrected = corrected_t(0.03, found, 1 / 9)
    half = 2.262157163 * np.sqrt(1 / 10 + 1 / 9) * np.std(found, ddof=1)
    assert (corrected.low, corrected.high) == (pytest.approx(0.03 - half), pytest.approx(0.03 + half))
    plain = corrected_t(0.03, found, 0.0)
    assert plain.p == pytest.approx(ttest_1samp(found, 0.0).pvalue)
    assert corrected.p is not None
    assert plain.p is not None
    assert corrected.p > plain.p


def test_what_is_not_tested_says_why() -> None:
    assert corrected_t(0.1, [0.1, 0.2], 0.25).reason == "2 folds have a score of both; a test takes 3"
    assert corrected_t(0.1, [0.1] * 5, 0.25).reason == "all folds differ by the same"
    assert corrected_t(0.0, [0.0] * 5, 0.25).p == 1.0
    assert delong([1, 0, 0], [1, 2, 3], [3, 2, 1]).reason == "all comparable pairs hold one and the same patient"
    with pytest.raises(ValueError, match="2 centres have a score with a variance; it takes 3"):
        heterogeneity([0.6, 0.7], [0.01, 0.01])


@given(st.lists(st.floats(0, 1), min_size=1, max_size=8))
def test_holm_never_lowers_a_p_and_keeps_their_order(p: list[float]) -> None:
    found = holm(p)
    assert all(one <= two <= 1 for one, two in zip(p, found, strict=True))
    order = np.argsort(p, kind="stable")
    assert (np.diff(np.array(found)[order]) >= 0).all()
    assert min(found) == pytest.approx(min(1.0, len(p) * min(p)))


def test_benjamini_and_hochberg_lies_between_nothing_and_holm() -> None:
    """Their own example of 15 p: four claims at 0.05, where Bonferroni's way has three (J R Stat Soc B 1995;57:289, 3.2)."""
    p = [
        0.0001,
        0.0004,
        0.0019,
        0.0095,
        0.0201,
        0.0278,
        0.0298,
        0.0344,
        0.0459,
        0.3240,
        0.4262,
        0.5719,
        0.6528,
        0.7590,
        1.0,
    ]
    found = np.array(benjamini_hochberg(p))
    assert (found <= 0.05).sum() == 4
    assert (np.array(holm(p)) <= 0.05).sum() == 3
    assert np.all(found >= p)
    assert np.all(found <= holm(p))
    assert benjamini_hochberg([]) == []


@pytest.mark.parametrize(("metric", "kind"), [("r2", "continuous"), ("auc", "binary")])
def test_few_patients_exchange_in_all_ways(metric: str, kind: str) -> None:
    """By a plain loop over all 2^7 ways, of ranks where only the order counts; two rows of a patient go together."""
    rng, judge = np.random.default_rng(1), METRICS.parse(metric)
    names = np.array(["p0", "p0", *(f"p{i}" for i in range(1, 7))])
    y = rng.normal(size=8)
    outcome = Outcome.of_value(y) if kind == "continuous" else Outcome.of_flag(y > 0)
    both = [np.round(y + rng.normal(size=8), 1), 10 * rng.normal(size=8)]

    def scored(value: object) -> list[Scored]:
        told = np.asarray(value, float)
        return [Scored(np.arange(8), outcome, Prediction(told, value=told), outcome, ANY_ENDPOINT[kind])]

    def difference(one: object, two: object) -> float:
        values = [judge.value(scored(value)) for value in (one, two)]
        assert values[0] is not None
        assert values[1] is not None
        return values[0] - values[1]

    one, two = both if kind == "continuous" else [rankdata(part) for part in both]
    seen, extreme = abs(difference(one, two)), 0
    for ways in product((False, True), repeat=7):
        swap = np.array([ways[0], *ways])
        extreme += abs(difference(np.where(swap, two, one), np.where(swap, one, two))) >= seen - 1e-12
    rules = {"draws": 128, "rng": rng}
    assert swapped_p(judge, *map(scored, both), names, **rules) == extreme / 128
    assert swapped_p(judge, scored(both[0]), scored(both[0]), names, **rules) == 1.0
    drawn = swapped_p(judge, *map(scored, both), names, draws=99, rng=rng)
    assert drawn is not None
    assert drawn == pytest.approx(extreme / 128, abs=0.2)
    assert (drawn * 100) == pytest.approx(round(drawn * 100))  # the observed one counts


def test_equal_centres_do_not_differ_and_unequal_ones_do() -> None:
    """The second by hand: weights 500, Q = 500 times the sum of squares about 0.7, tau² = (Q − 4) / 2000."""
    same = heterogeneity([0.7] * 5, [0.004] * 5)
    assert (same.i2, same.tau, same.p) == (0.0, 0.0, 1.0)
    apart = heterogeneity([0.55, 0.7, 0.85, 0.62, 0.78], [0.002] * 5)
    q = 500 * (0.15**2 + 0.15**2 + 0.08**2 + 0.08**2)
    assert (apart.q, apart.i2) == (pytest.approx(q), pytest.approx((q - 4) / q))
    assert apart.tau == pytest.approx(((q - 4) / 2000) ** 0.5)
    assert apart.p < 0.001


def test_every_set_is_compared_with_the_baselines_and_every_candidate_with_the_first() -> None:
    steps = ["drop_constant", "median", "zscore"]
    models = [{"name": f"c{c}", "steps": steps, "model": {"kind": "lasso_logistic", "C": [c / 10]}} for c in (3, 9)]
    splits = [{"kind": "nested", "folds": 3, "repeats": 2}, "centre_out", "external"]
    design = make_design(n=90, external=24, signal=2.5)
    result = evaluate(design, make_study(models=models, splits=splits, external=["other"]))
    found = {
        split: [one for one in result.comparisons if one.split == split]
        for split in ("nested", "centre_out", "external")
    }
    assert not found["centre_out"]  # each centre trains the models of the others
    for split in ("nested", "external"):
        pairs = {(one.blocks, one.model, one.other_blocks, one.other_model) for one in found[split]}
        assert pairs == {
            *(("radiomics", model, base, model) for base in ("clinical", "volume") for model in ("c3", "c9")),
            ("radiomics", "c9", "radiomics", "c3"),
        }
        for one in found[split]:
            scores = {
                (s.blocks, s.model): s.value
                for s in result.scores
                if (s.split, s.metric, s.centre, s.cohort, s.within) == (split, "auc", "", one.cohort, one.within)
            }
            first, other = scores[one.blocks, one.model], scores[one.other_blocks, one.other_model]
            assert first is not None
            assert other is not None
            assert one.difference == pytest.approx(first - other, abs=1e-12)
    tested = [one for one in found["nested"] if one.p is not None]
    assert {one.test for one in tested} == {"DeLong with training cases allowed for"}
    assert [one.p_corrected for one in tested] == pytest.approx(holm([one.p for one in tested if one.p is not None]))
    assert {one.compared for one in found["nested"]} == {len(tested)}
    assert {one.test for one in found["external"] if one.p is not None} == {"DeLong"}
    assert [(one.blocks, one.model) for one in result.between] == [(b, m) for b in result.blocks for m in ("c3", "c9")]
    assert any(one.found is not None for one in result.between)


def test_a_study_says_how_pairs_are_tested_and_corrected() -> None:
    """R² of external cases had no test; a permutation is it, and stands in for DeLong's where a study asks for it."""
    steps, splits = ["drop_constant", "median", "zscore"], ["external"]
    for kind, model in (("continuous", "ridge"), ("binary", "ridge_logistic")):
        models = [{"name": "one", "steps": steps, "model": model}]
        how = {"test": "permutation", "draws": 99, "correction": "benjamini_hochberg"}
        design = make_design(kind, n=60, external=20, signal=2.0)
        study = make_study(models=models, splits=splits, external=["other"], comparisons=how)
        found = evaluate(design, study).comparisons
        assert {one.test for one in found} == {"permutation"}
        assert {one.correction for one in found} == {"benjamini_hochberg"}
        p = [one.p for one in found if one.p is not None]
        assert [one.p_corrected for one in found] == pytest.approx(benjamini_hochberg(p))
        for one in found:
            assert one.low is not None
            assert one.high is not None
            assert one.difference is not None
            assert one.low < one.difference < one.high
        usual = evaluate(design, study.model_copy(update={"comparisons": Comparing()})).comparisons
        assert {one.test for one in usual} == {"permutation" if kind == "continuous" else "DeLong"}
        assert {one.correction for one in usual} == {"holm"}
        assert study.digest() != study.model_copy(update={"comparisons": Comparing()}).digest()


def test_one_repeat_and_scores_that_are_no_shares_have_the_corrected_t() -> None:
    steps = ["drop_constant", "median", "zscore"]
    one = {"name": "one", "steps": steps, "model": {"kind": "random_forest", "trees": 5}}
    for kind, repeats in (("binary", 1), ("continuous", 2)):
        splits = [{"kind": "nested", "folds": 4, "repeats": repeats}]
        result = evaluate(make_design(kind, n=60), make_study(models=[one], splits=splits))
        assert {pair.test for pair in result.comparisons} == {"corrected resampled t"}
        for pair in result.comparisons:
            assert pair.low is not None
            assert pair.high is not None
            assert pair.difference is not None
            assert pair.low < pair.difference < pair.high
