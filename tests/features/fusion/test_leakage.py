"""check_leakage: what alone tells the outcome is refused; chance among thousands of genes and small studies are not."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import roc_auc_score
from sksurv.metrics import concordance_index_censored

from features.core.design import Design
from features.core.errors import RadweaveError
from features.endpoints.binary import Binary
from features.endpoints.survival import Survival
from features.fusion.leakage import _auc, _chance, _harrell, check_leakage
from tests.support.design import outcome_of


def _design(X: np.ndarray, y: np.ndarray, block: str = "clinical") -> Design:
    columns = [f"{block}__x{i}" for i in range(X.shape[1])]
    ids = np.array([f"p{i}" for i in range(len(y))])
    endpoint = Binary(column="x") if y.dtype == bool else Survival(time="t", event="e")
    frame = pd.DataFrame(X, columns=columns, index=ids)
    return Design(frame, dict.fromkeys(columns, block), outcome_of(y), endpoint, ids, np.full(len(y), "A"))


def _survival(time: np.ndarray, event: np.ndarray) -> np.ndarray:
    return np.array(list(zip(event, time, strict=True)), dtype=[("event", bool), ("time", float)])


def test_auc_is_that_of_scikit_learn_on_the_cases_that_are_known() -> None:
    rng = np.random.default_rng(0)
    X, y = np.round(rng.normal(size=(50, 4)), 1), rng.random(50) < 0.4
    X[:, 3] = np.nan
    X[:7, 2] = np.nan
    found, positive, negative = _auc(pd.DataFrame(X), y)
    expected = [roc_auc_score(y[there], X[there, j]) for j, there in enumerate(np.isfinite(X).T[:3])]
    np.testing.assert_allclose(found[:3], expected)
    assert np.isnan(found[3])
    assert (positive + negative).tolist() == [50, 50, 43, 0]


@pytest.mark.parametrize("n", [40, 300])
def test_harrell_s_c_is_that_of_scikit_survival(n: int) -> None:
    rng = np.random.default_rng(1)
    time, event = rng.exponential(100, n), rng.random(n) < 0.6
    x = -time + rng.normal(0, 8, n)
    found, events, _ = _harrell(pd.DataFrame({"x": x}), event, time)
    assert events == event.sum()
    np.testing.assert_allclose(found, concordance_index_censored(event, time, x)[0])


@pytest.mark.parametrize("kind", ["binary", "survival"])
def test_thousands_of_genes_without_a_signal_are_not_refused(kind: str) -> None:
    rng = np.random.default_rng(2)
    X, event = rng.normal(size=(20, 4000)), np.arange(20) < 5
    y = event if kind == "binary" else _survival(rng.exponential(100, 20), event)
    frame = pd.DataFrame(X)
    strength = _auc(frame, y)[0] if kind == "binary" else _harrell(frame, y["event"], y["time"])[0]
    assert np.nanmax(np.abs(strength - 0.5)) > 0.45  # chance alone passes the limit
    check_leakage(_design(X, y, "genomic"), {"genomic"}, set())


def test_good_genes_that_are_the_best_of_many_in_few_cases_are_not_refused() -> None:
    rng = np.random.default_rng(4)
    event = np.arange(24) < 12
    X = rng.normal(size=(24, 200)) + 1.2 * event[:, None]  # each has a true AUC of 0.8
    assert _auc(pd.DataFrame(X), event)[0].max() > 0.95
    check_leakage(_design(X, event, "genomic"), {"genomic"}, set())


@pytest.mark.parametrize(
    ("n", "events", "refused"), [(10, 3, False), (12, 6, True), (16, 4, True), (24, 12, True), (60, 20, True)]
)
@pytest.mark.parametrize("block", ["genomic", "radiomics", "deep"])
def test_a_copy_of_the_flag_among_thousands_is_refused_by_its_exact_chance(
    n: int, events: int, refused: bool, block: str
) -> None:
    rng = np.random.default_rng(5)
    event = np.arange(n) < events
    for copy in (event, ~event, 1 + 2 * event, event + rng.normal(0, 0.01, n)):
        design = _design(np.column_stack([copy.astype(float), rng.normal(size=(n, 1999))]), event, block)
        if refused:
            with pytest.raises(RadweaveError, match='^"x0": alone, the value tells the outcome .*the same as "x"'):
                check_leakage(design, {block}, set())
            check_leakage(design, {block}, {f"{block}__x0"})
        else:
            check_leakage(design, {block}, set())


def test_a_mutation_among_many_is_judged_by_all_that_are_as_frequent() -> None:
    rng = np.random.default_rng(9)
    event = np.arange(14) < 5
    X = np.column_stack([event, *(rng.permutation(event) for _ in range(300))]).astype(float)
    check_leakage(_design(X, event, "genomic"), {"genomic"}, set())  # 2 of 2002 arrangements, 301 genes


@pytest.mark.parametrize("copy", ["days", "months", "cut", "event", "noisy", "missing"])
@pytest.mark.parametrize("endpoint", ["survival", "binary"])
def test_a_copy_of_any_declared_outcome_is_refused(copy: str, endpoint: str) -> None:
    """The time among genes of a binary study, too: its AUC is not high, and it is still an outcome."""
    rng = np.random.default_rng(11)
    n = 20
    time, event = rng.exponential(900, n) + 30, rng.random(n) < 0.5
    months = np.floor(time / 30.4)
    gene = {
        "days": time,
        "months": -months,
        "cut": np.minimum(months, 24),
        "event": event * 2.0,
        "noisy": np.log(time) + rng.normal(0, 0.01, n),
        "missing": np.where(np.arange(n) < 8, np.nan, time),
    }[copy]
    y = _survival(time, event) if endpoint == "survival" else rng.permutation(event)
    design = _design(np.column_stack([rng.normal(size=(n, 500)), gene]), y, "genomic")
    declared = pd.DataFrame({"os_days": time, "death": event.astype(float)})
    with pytest.raises(RadweaveError, match='^"x500": alone, the value tells the outcome .*the same as'):
        check_leakage(design, {"genomic"}, set(), declared)
    check_leakage(design, {"genomic"}, {"genomic__x500"}, declared)


def test_columns_of_one_centre_beside_outcomes_of_another_are_no_leak_and_no_warning() -> None:
    rng = np.random.default_rng(3)
    event, here = rng.random(30) < 0.5, np.arange(30) < 15
    X = np.column_stack([np.where(here, rng.normal(size=30), np.nan), rng.normal(size=30)])
    declared = pd.DataFrame({"os_days": np.where(here, np.nan, rng.exponential(900, 30))})
    check_leakage(_design(X, event, "genomic"), {"genomic"}, set(), declared)


def test_lesions_of_one_patient_count_once() -> None:
    event = np.repeat(np.arange(6) < 3, 5)
    design = _design(np.column_stack([event.astype(float), np.arange(30) % 7]), event)
    patients = np.repeat([f"p{i}" for i in range(6)], 5)
    check_leakage(replace(design, patients=patients), {"clinical"}, set())  # six patients: 2 of 20 arrangements
    with pytest.raises(RadweaveError, match='^"x0": alone'):
        check_leakage(design, {"clinical"}, set())


def test_chance_is_that_of_simulated_columns() -> None:
    rng = np.random.default_rng(6)
    event = np.arange(60) < 25
    shift = 1.19  # of two normal distributions with an AUC of 0.8
    found, positive, negative = _auc(pd.DataFrame(rng.normal(size=(60, 4000)) + shift * event[:, None]), event)
    assert np.mean(found) == pytest.approx(0.8, abs=0.005)
    few, positive_few, negative_few = _auc(
        pd.DataFrame(rng.normal(size=(20, 20000)) + shift * event[20:40, None]), event[20:40]
    )
    assert _chance(np.ones(1), positive_few[:1], negative_few[:1])[0] == pytest.approx(np.mean(few == 1), abs=0.003)
    cut = np.full(1, np.quantile(found, 0.95))
    assert _chance(cut, positive[:1], negative[:1])[0] == pytest.approx(0.05, abs=0.03)


def test_a_column_that_separates_is_refused_from_twenty_cases_and_five_of_either_class_on() -> None:
    for n, events, refused in [(20, 5, True), (19, 9, False), (20, 4, False), (20, 16, False)]:
        event = np.arange(n) < events
        design = _design(np.column_stack([np.arange(n) ** 2.0, np.arange(n) % 3]), event)
        if refused:
            with pytest.raises(RadweaveError, match='^"x0": alone'):
                check_leakage(design, {"clinical"}, set())
        else:
            check_leakage(design, {"clinical"}, set())


def test_all_leaks_are_named_up_to_ten() -> None:
    event = np.arange(60) < 30
    with pytest.raises(RadweaveError, match='^"x0", "x1", "x2".* and 2 more: alone'):
        check_leakage(_design(np.repeat(event[:, None].astype(float), 12, axis=1), event), {"clinical"}, set())
