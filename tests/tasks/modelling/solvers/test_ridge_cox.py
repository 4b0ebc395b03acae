"""Ridge Cox regression beside lifelines, and what it cannot fit."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from lifelines import CoxPHFitter

from tasks.modelling.solvers.ridge_cox import fit_ridge_cox


def followed(days: float) -> tuple[Any, Any, Any]:
    """Columns, events and times; few days make many ties."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(100, 3)) * [1.0, 20.0, 0.1]
    return X, rng.random(100) < 0.6, np.ceil(days * rng.exponential(np.exp(-X[:, 0])))


@pytest.mark.parametrize("days", [5, 500])
@pytest.mark.parametrize("penalty", [1e-9, 0.05, 1.0])
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_coefficients_are_those_of_lifelines(penalty: float, days: float) -> None:
    X, event, time = followed(days)
    frame = pd.DataFrame(X, columns=list("abc")).assign(time=time, event=event)
    peer = CoxPHFitter(penalizer=penalty).fit(frame, "time", "event", fit_options={"precision": 1e-10}).params_
    found = fit_ridge_cox(X, event, time, penalty)
    np.testing.assert_allclose(found * X.std(axis=0), peer * X.std(axis=0), atol=1e-5)


def test_columns_that_are_alike_share_the_penalty_and_cannot_do_without() -> None:
    X, event, time = followed(500)
    X[:, 1] = X[:, 0]
    found = fit_ridge_cox(X, event, time, 0.05)
    assert found[0] == pytest.approx(found[1])
    with pytest.raises(ArithmeticError, match="the columns tell the same"):
        fit_ridge_cox(X, event, time, 1e-300)


def test_a_column_that_never_varies_gets_nothing() -> None:
    X, event, time = followed(500)
    X[:, 2] = 7.0
    assert fit_ridge_cox(X, event, time, 0.05)[2] == 0


def test_an_event_is_needed() -> None:
    X, event, time = followed(500)
    with pytest.raises(ValueError, match="at least one event"):
        fit_ridge_cox(X, event & False, time, 0.05)
