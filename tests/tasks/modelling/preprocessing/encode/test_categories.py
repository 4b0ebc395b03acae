"""A level that training has not seen is imputed, counts as none, or is refused; and the report says so."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from features.core.catalog.catalog import Variable
from features.core.errors import FitError
from features.fusion.encode import categories_of
from tasks.modelling.preprocessing.encode.categories import Categories
from tasks.modelling.preprocessing.step import FittedStep
from tasks.modelling.rows import Columns, Rows
from tests.support.design import make_rows, make_target

NAN = np.nan
TRAIN = [[1, 0, 0, 0, 5.0], [0, 1, 0, 0, 6.0], [NAN, NAN, NAN, 0, 7.0], [0, 1, 0, NAN, 0.0]]
TEST = [[0, 0, 1, 0, 0.0], [0, 1, 0, 1, 1.0], [NAN, NAN, NAN, NAN, 2.0]]
REMARK = "categories: a level of {} that training has not seen {}"


def rows_of(values: Any) -> Rows:
    """Site a, b, c; whether a node was seen (a category of two levels); and a number that is none."""
    names = ["site_a", "site_b", "site_c", "node_yes", "count"]
    rows = make_rows(dict(zip(names, np.asarray(values, float).T, strict=True)), block="clinical")
    columns = Columns(rows.columns.names, rows.columns.blocks, np.array(["site", "site", "site", "node", ""]))
    return replace(rows, columns=columns)


def fitted(unseen: str = "missing", values: Any = TRAIN) -> FittedStep:
    rows = rows_of(values)
    return Categories.model_validate({"unseen": unseen}).fit(rows, make_target(np.arange(len(rows)) % 2), 0)


@pytest.mark.parametrize(
    ("unseen", "expected", "as_what"),
    [
        ("missing", [[NAN, NAN, 0, 0.0], [0, 1, NAN, 1.0]], "is imputed"),
        ("zero", [[0, 0, 0, 0.0], [0, 1, 0, 1.0]], "counts as none of the levels"),
    ],
)
def test_an_unseen_level_is_what_the_study_says(unseen: str, expected: Any, as_what: str) -> None:
    step = fitted(unseen)
    found = step.apply(rows_of(TEST))
    assert found.columns.names.tolist() == ["site_a", "site_b", "node_yes", "count"]
    np.testing.assert_array_equal(found.X, [*expected, [NAN, NAN, NAN, 2.0]])
    assert step.remarks(rows_of(TEST)) == {REMARK.format("node", as_what): 1, REMARK.format("site", as_what): 1}
    train = step.apply(rows_of(TRAIN))
    np.testing.assert_array_equal(train.X, np.delete(TRAIN, 2, axis=1))
    assert not step.remarks(rows_of(TRAIN))


def test_or_it_is_refused() -> None:
    step = fitted("refuse")
    assert len(step.apply(rows_of(TRAIN)).columns) == 4
    with pytest.raises(
        FitError, match="categories: 1 row with a level of node that training has not seen; unseen: missing"
    ):
        step.apply(rows_of(TEST))


def test_the_first_of_two_levels_may_be_unseen_too() -> None:
    values = [[1, 0, 0, 1, 0.0], [0, 1, 0, 1, 0.0], [0, 0, 1, NAN, 0.0]]
    found = fitted("missing", values).apply(rows_of(TEST)).X
    np.testing.assert_array_equal(found[:, 3], [NAN, 1, NAN])
    np.testing.assert_array_equal(found[:, :3], np.array(TEST)[:, :3])


def test_columns_of_a_category_are_those_that_the_catalog_declares() -> None:
    variables: dict[str, Any] = {
        "age": {"type": "number", "unit": "years", "description": "age"},
        "side": {"type": "category", "levels": ["left", "right"], "description": "side"},
        "site": {"type": "category", "levels": ["a", "b", "c"], "description": "site"},
        "died": {"type": "category", "levels": ["a", "b", "c"], "description": "x", "role": "outcome"},
    }
    found = categories_of({name: Variable.model_validate(one) for name, one in variables.items()})
    assert found == {"clinical__side_right": "clinical__side"} | {
        f"clinical__site_{one}": "clinical__site" for one in "abc"
    }
