"""encode: declared levels decide the columns, missing stays NaN, the data decide nothing."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from features.core.catalog.catalog import Variable
from features.core.errors import RadweaveError
from features.fusion.encode import encode


def _variable(type_: str, *levels: str) -> Variable:
    return Variable.model_validate({"type": type_, "description": "x", "levels": levels})


def _encode(variable: Variable, values: list[Any]) -> dict[str, list[float]]:
    found = encode(pd.DataFrame({"x": pd.Series(values, dtype=object)}), {"x": variable})
    assert set(found.dtypes) <= {np.dtype(float)}
    return {column: found[column].tolist() for column in found}


def test_numbers_and_flags() -> None:
    np.testing.assert_equal(_encode(_variable("number"), [1.5, None, -2.0]), {"clinical__x": [1.5, np.nan, -2.0]})
    np.testing.assert_equal(_encode(_variable("flag"), [True, None, False]), {"clinical__x": [1.0, np.nan, 0.0]})


def test_ordinals_are_ranks_in_the_declared_order() -> None:
    found = _encode(_variable("ordinal", "low", "high", "Extreme"), ["Extreme", "low", None, "high"])
    np.testing.assert_equal(found, {"clinical__x": [2.0, 0.0, np.nan, 1.0]})


def test_two_levels_are_one_column_more_are_one_each() -> None:
    found = _encode(_variable("category", "f", "m"), ["m", None, "f"])
    np.testing.assert_equal(found, {"clinical__x_m": [1.0, np.nan, 0.0]})
    found = _encode(_variable("category", "a", "b", "c"), ["c", None, "a"])
    assert list(found) == ["clinical__x_a", "clinical__x_b", "clinical__x_c"]
    np.testing.assert_equal([row[1] for row in found.values()], [np.nan] * 3)
    assert [row[0] for row in found.values()] == [0.0, 0.0, 1.0]


@pytest.mark.parametrize("type_", ["number", "flag"])
def test_all_missing_is_a_column_of_nan(type_: str) -> None:
    assert np.isnan(_encode(_variable(type_), [None, None])["clinical__x"]).all()


def test_columns_do_not_depend_on_the_rows() -> None:
    variables = {"x": _variable("category", "a", "b", "c")}
    one = encode(pd.DataFrame({"x": ["a", "a"]}), variables)
    other = encode(pd.DataFrame({"x": ["b", None, "c"]}), variables)
    assert list(one) == list(other)
    assert encode(pd.DataFrame({"x": pd.Series([], dtype=object)}), variables).shape == (0, 3)


@pytest.mark.parametrize("type_", ["category", "ordinal"])
def test_a_level_that_is_not_declared_is_refused(type_: str) -> None:
    with pytest.raises(RadweaveError, match='"x" holds levels that the catalog does not declare: run radweave refresh'):
        _encode(_variable(type_, "a", "b"), ["a", "c"])


def test_bool_columns_without_missing_values() -> None:
    found = encode(pd.DataFrame({"x": [True, False]}), {"x": _variable("flag")})
    assert found["clinical__x"].tolist() == [1.0, 0.0]
