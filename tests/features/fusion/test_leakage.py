"""check_leakage: what alone tells the outcome is refused; chance among thousands of genes and small studies are not."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import roc_auc_score
from sksurv.metrics import concordance_index_censored

from features.core.design import Design
from features.core.endpoint import BinaryEndpoint, SurvivalEndpoint
from features.core.errors import RadweaveError
from features.fusion.leakage import _auc, _chance, _harrell, check_leakage


def _design(X: np.ndarray, y: np.ndarray, block: str = "clinical") -> Design:
    columns = [f"{block}__x{i}" for i in range(X.shape[1])]
    ids = np.array([f"p{i}" for i in range(len(y))])
    endpoint = BinaryEndpoint(column="x") if y.dtype == bool else SurvivalEndpoint(time="t", event="e")
    frame = pd.DataFrame(X, columns=columns, index=ids)
    return Design(frame, dict.fromkeys(columns, block), y, endpoint, ids, np.full(len(y), "A"))


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
    found, events, _ = _harrell(pd.DataFrame({"x": x}), _survival(time, event))
    assert events == event.sum()
    np.testing.assert_allclose(found, concordance_index_censored(event, time, x)[0])


@pytest.mark.parametrize("kind", ["binary", "survival"])
def test_thousands_of_genes_without_a_signal_are_not_refused(kind: str) -> None:
    rng = np.random.default_rng(2)
    X, event = rng.normal(size=(20, 4000)), np.arange(20) < 5
    y = event if kind == "binary" else _survival(rng.exponential(100, 20), event)
    strength = (_auc if kind == "binary" else _harrell)(pd.DataFrame(X), y)[0]
    assert np.nanmax(np.abs(strength - 0.5)) > 0.45  # chance alone passes the limit
    check_leakage(_design(X, y, "genomic"), {"genomic"}, set())


def test_good_genes_that_are_the_best_of_many_in_few_cases_are_not_refused() -> None:
    rng = np.random.default_rng(4)
    event = np.arange(24) < 12
    X = rng.normal(size=(24, 200)) + 1.2 * event[:, None]  # each has a true AUC of 0.8
    assert _auc(pd.DataFrame(X), event)[0].max() > 0.95
    check_leakage(_design(X, event, "genomic"), {"genomic"}, set())


@pytest.mark.parametrize(("n", "refused"), [(24, False), (80, True)])
def test_a_perfect_gene_among_hundreds_is_refused_where_cases_suffice(n: int, refused: bool) -> None:
    rng = np.random.default_rng(5)
    event = np.arange(n) < n // 2
    design = _design(np.column_stack([event.astype(float), rng.normal(size=(n, 199))]), event, "genomic")
    if refused:
        with pytest.raises(RadweaveError, match='^"x0": alone'):
            check_leakage(design, {"genomic"}, set())
    else:
        check_leakage(design, {"genomic"}, set())


def test_chance_is_that_of_simulated_columns() -> None:
    rng = np.random.default_rng(6)
    event = np.arange(60) < 25
    shift = 1.19  # of two normal distributions with an AUC of 0.8
    found, positive, negative = _auc(pd.DataFrame(rng.normal(size=(60, 4000)) + shift * event[:, None]), event)
    assert np.mean(found) == pytest.approx(0.8, abs=0.005)
    cut = np.full(1, np.quantile(found, 0.95))
    assert _chance(cut, positive[:1], negative[:1])[0] == pytest.approx(0.05, abs=0.03)


def test_a_perfect_column_is_refused_from_twenty_cases_and_five_of_either_class_on() -> None:
    for n, events, refused in [(20, 5, True), (19, 9, False), (20, 4, False), (20, 16, False)]:
        event = np.arange(n) < events
        design = _design(np.column_stack([event.astype(float), np.arange(n) % 3]), event)
        if refused:
            with pytest.raises(RadweaveError, match='^"x0": alone'):
                check_leakage(design, {"clinical"}, set())
        else:
            check_leakage(design, {"clinical"}, set())


def test_all_leaks_are_named_up_to_ten() -> None:
    event = np.arange(60) < 30
    with pytest.raises(RadweaveError, match='^"x0", "x1", "x2".* and 2 more: alone'):
        check_leakage(_design(np.repeat(event[:, None].astype(float), 12, axis=1), event), {"clinical"}, set())
