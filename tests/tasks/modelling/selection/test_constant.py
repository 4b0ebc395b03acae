"""Columns that say nothing are dropped and listed."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from features.core.errors import FitError
from tasks.modelling.selection.constant import DropConstant

NAN = np.nan
TABLE = pd.DataFrame(
    {
        "a": [1.0, 2, NAN],
        "empty": [NAN, NAN, NAN],
        "constant": [5.0, NAN, 5],
        "double": [1.0, 2, NAN],
        "other": [1.0, 2, 3],
        "zero": [0.0, 0.0, 1.0],
        "minus_zero": [-0.0, 0.0, 1.0],
    }
)


def test_empty_constant_and_doubled_columns_are_dropped_and_listed() -> None:
    step = DropConstant().fit(TABLE)
    assert step.get_feature_names_out().tolist() == ["a", "other", "zero"]
    assert (step.missing_.tolist(), step.constant_.tolist(), step.duplicated_.tolist()) == ([1], [2], [3, 6])
    np.testing.assert_array_equal(step.transform(TABLE), TABLE[["a", "other", "zero"]].to_numpy())


def test_nothing_left_is_refused_with_the_counts() -> None:
    with pytest.raises(FitError, match="none of 2 columns varies within the 3 training cases"):
        DropConstant().fit(TABLE[["empty", "constant"]])


def test_infinite_values_are_refused() -> None:
    with pytest.raises(ValueError, match="infinity"):
        DropConstant().fit(np.array([[1.0], [np.inf]]))
