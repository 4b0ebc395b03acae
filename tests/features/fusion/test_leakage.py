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
from features.fusion.leakage import _auc, _harrell, check_leakage


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
    found, p = _auc(pd.DataFrame(X), y)
    expected = [roc_auc_score(y[there], X[there, j]) for j, there in enumerate(np.isfinite(X).T[:3])]
    np.testing.assert_allclose(found[:3], expected)
    assert np.isnan(found[3])
    assert p[3] == 1


@pytest.mark.parametrize("n", [40, 300])
def test_harrell_s_c_is_that_of_scikit_survival(n: int) -> None:
    rng = np.random.default_rng(1)
    time, event = rng.exponential(100, n), rng.random(n) < 0.6
    x = -time + rng.normal(0, 8, n)
    found, _ = _harrell(pd.DataFrame({"x": x}), _survival(time, event))
    np.testing.assert_allclose(found, concordance_index_censored(event, time, x)[0])


@pytest.mark.parametrize("kind", ["binary", "survival"])
def test_thousands_of_genes_without_a_signal_are_not_refused(kind: str) -> None:
    rng = np.random.default_rng(2)
    X, event = rng.normal(size=(20, 4000)), np.arange(20) < 5
    y = event if kind == "binary" else _survival(rng.exponential(100, 20), event)
    strength = (_auc if kind == "binary" else _harrell)(pd.DataFrame(X), y)[0]
    assert np.nanmax(np.abs(strength - 0.5)) > 0.45  # chance alone passes the limit
    check_leakage(_design(X, y, "genomic"), {"genomic"}, set())


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
