"""Screening keeps the columns of highest association, those of a contrast too."""

from __future__ import annotations

import numpy as np
import pytest

from features.core.outcome import Outcome
from tasks.modelling.selection.screening import Screening
from tests.support.design import ANY_ENDPOINT, BINARY, make_design


def test_ties_in_association_keep_the_earlier_column() -> None:
    x = np.arange(10.0)
    X = np.column_stack([np.zeros(10), x, -x, x])
    assert Screening(BINARY, k=2).fit(X, Outcome.of_flag(x > 5)).kept_.tolist() == [1, 2]


def test_another_k_needs_no_other_fit() -> None:
    design = make_design(nan=0.0)
    X = design.X.drop(columns="radiomics_empty").to_numpy()
    wide = Screening(BINARY, k=12).fit(X, design.outcome)
    np.testing.assert_array_equal(
        wide.with_k(3).transform(X), Screening(BINARY, k=3).fit(X, design.outcome).transform(X)
    )
    assert wide.k == 12


def test_one_class_is_refused() -> None:
    with pytest.raises(ValueError, match="needs an outcome that varies: 4 with and 0 without the event"):
        Screening(BINARY).fit(np.zeros((4, 2)), Outcome.of_flag(np.ones(4, dtype=bool)))


def test_a_column_that_tells_one_class_of_three_is_kept() -> None:
    rng = np.random.default_rng(0)
    code = rng.integers(0, 3, 90)
    X = np.column_stack([rng.normal(size=(90, 5)), code == 2])
    outcome = Outcome(code.astype(np.intp), levels=("a", "b", "c"))
    assert Screening(ANY_ENDPOINT["multiclass"], k=1).fit(X, outcome).kept_.tolist() == [5]
