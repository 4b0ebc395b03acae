"""Screening keeps the columns of highest association, those of a contrast too."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from features.core.errors import FitError
from features.core.outcome import Outcome
from tasks.modelling.preprocessing.select.screen import Screen
from tasks.modelling.target import Target
from tests.support.design import ANY_ENDPOINT, BINARY, make_design, make_rows


def kept(X: Any, target: Target, **settings: Any) -> list[int]:
    rows = make_rows({str(i): column for i, column in enumerate(np.asarray(X, dtype=float).T)})
    return Screen.model_validate(settings).fit(rows, target, 0).kept.tolist()


def test_ties_in_association_keep_the_earlier_column() -> None:
    x = np.arange(10.0)
    X = np.column_stack([np.zeros(10), x, -x, x])
    assert kept(X, Target(Outcome.of_flag(x > 5), BINARY), k=[2]) == [1, 2]


def test_all_settings_are_one_ranking() -> None:
    design = make_design(nan=0.0)
    X = design.X.drop(columns="radiomics_empty").to_numpy()
    target = Target(design.outcome, BINARY)
    rows = make_rows({str(i): column for i, column in enumerate(X.T)})
    screen = Screen(k=(3, 12))
    few, many = screen.fit_variants(rows, target, 0, screen.variants())
    assert (few.kept.tolist(), many.kept.tolist()) == (kept(X, target, k=[3]), kept(X, target, k=[12]))
    assert set(few.kept) < set(many.kept)


def test_events_limit_how_many_columns_are_kept() -> None:
    X, target = np.random.default_rng(0).normal(size=(100, 30)), Target(Outcome.of_flag(np.arange(100) < 34), BINARY)
    assert [len(kept(X, target, k=[k], events_per_feature=10)) for k in (5, 2)] == [3, 2]
    few = Target(Outcome.of_flag(np.arange(100) < 4), BINARY)
    assert len(kept(X, few, k=[5], events_per_feature=10)) == 1


def test_one_class_is_refused() -> None:
    with pytest.raises(FitError, match="the outcome does not vary: 4 with and 0 without the event"):
        kept(np.zeros((4, 2)), Target(Outcome.of_flag(np.ones(4, dtype=bool)), BINARY))


def test_a_column_that_tells_one_class_of_three_is_kept() -> None:
    rng = np.random.default_rng(0)
    code = rng.integers(0, 3, 90)
    X = np.column_stack([rng.normal(size=(90, 5)), code == 2])
    outcome = Outcome(code.astype(np.intp), levels=("a", "b", "c"))
    assert kept(X, Target(outcome, ANY_ENDPOINT["multiclass"]), k=[1]) == [5]
