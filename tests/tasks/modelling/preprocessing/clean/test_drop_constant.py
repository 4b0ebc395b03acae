"""Columns that say nothing are dropped and listed."""

from __future__ import annotations

import numpy as np
import pytest

from features.core.errors import FitError
from tasks.modelling.preprocessing.clean.drop_constant import DropConstant, FittedDropConstant
from tests.support.design import make_rows, make_target

NAN = np.nan
TABLE = {
    "a": [1.0, 2, NAN],
    "empty": [NAN, NAN, NAN],
    "constant": [5.0, NAN, 5],
    "double": [1.0, 2, NAN],
    "other": [1.0, 2, 3],
    "zero": [0.0, 0.0, 1.0],
    "minus_zero": [-0.0, 0.0, 1.0],
}


def fit(**columns: list[float]) -> FittedDropConstant:
    return DropConstant().fit(make_rows(columns), make_target([0, 1, 0]), 0)


def test_empty_constant_and_doubled_columns_are_dropped_and_listed() -> None:
    step = fit(**TABLE)
    kept = step.apply(make_rows(TABLE))
    assert kept.columns.names.tolist() == ["a", "other", "zero"]
    assert (step.missing.tolist(), step.constant.tolist(), step.duplicated.tolist()) == ([1], [2], [3, 6])
    np.testing.assert_array_equal(kept.X, np.array([TABLE["a"], TABLE["other"], TABLE["zero"]]).T)
    assert list(step.notes()) == [
        "drop_constant left out empty: missing in all training rows",
        "drop_constant left out constant: one value in the training rows",
        "drop_constant left out double: equal to an earlier column",
        "drop_constant left out minus_zero: equal to an earlier column",
    ]


def test_of_many_columns_the_first_are_named() -> None:
    told = list(fit(a=[1.0, 2, 3], **{f"c{i}": [5.0, 5.0, 5.0] for i in range(30)}).notes())
    assert (len(told), told[19]) == (21, "drop_constant left out c19: one value in the training rows")
    assert told[20] == "drop_constant left out more columns than the 20 that are named, of a fold"


def test_nothing_left_is_refused_with_the_counts() -> None:
    with pytest.raises(FitError, match="none of 2 columns varies within the 3 training cases: .*; measure or fill in"):
        fit(empty=TABLE["empty"], constant=TABLE["constant"])
