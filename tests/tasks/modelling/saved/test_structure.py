"""What a fitted value becomes, and what is refused: anything but numbers, texts, arrays and radweave's own dataclasses."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from features.core.errors import RadweaveError
from tasks.modelling.models.lasso import FittedLinear
from tasks.modelling.models.model import MODELS
from tasks.modelling.saved.arrays_table import arrays_of, arrays_table
from tasks.modelling.saved.saved_final import check_keepable, final_of
from tasks.modelling.saved.structure import NotKeptError, structure_of, value_of
from tests.support.design import FAST, make_study

LINEAR = "tasks.modelling.models.lasso:FittedLinear"


def round_trip(value: Any) -> Any:
    structure, arrays = structure_of(value)
    return value_of(json.loads(json.dumps(structure, allow_nan=False)), arrays_of(arrays_table(arrays)))


@pytest.mark.parametrize(
    "value",
    [None, True, 3, -0.1, float("inf"), "ö", (1, 2.0), [(), {}], {"a": (1,), "b": {"c": None}}, {(1, "a"): 2.5}],
    ids=str,
)
def test_plain_values_come_back_as_they_were(value: Any) -> None:
    assert repr(round_trip(value)) == repr(value)


@pytest.mark.parametrize(
    "array",
    [
        np.array([0.1, -0.0, np.nan, np.inf]),
        np.asfortranarray(np.arange(6.0).reshape(2, 3)),
        np.array([[True], [False]]),
        np.array(["a", "öö", ""]),
        np.empty((0, 4), np.int32),
        np.array(2.5),
        np.arange(3, dtype=">f4"),
    ],
    ids=lambda one: f"{one.dtype}{one.shape}",
)
def test_arrays_come_back_to_the_bit_in_their_order(array: Any) -> None:
    found = round_trip({"a": array, "b": array})
    assert found["a"] is found["b"]  # kept once
    assert found["a"].shape == array.shape and found["a"].flags.f_contiguous == array.flags.f_contiguous
    assert found["a"].tobytes() == array.astype(array.dtype.newbyteorder("=")).tobytes()
    assert found["a"].flags.writeable and found["a"].dtype.isnative


def test_a_number_of_numpy_keeps_its_type() -> None:
    found = round_trip(np.float32(0.1))
    assert type(found) is np.float32 and found == np.float32(0.1)


@dataclass(frozen=True)
class Elsewhere:
    """A dataclass that is none of the modelling library."""

    number: int = 1


@pytest.mark.parametrize(
    ("value", "where"),
    [
        (FittedLinear(np.array([None]), 0.0), "FittedLinear.coefficients: an array of object"),
        (FittedLinear({"a": [object()]}, 0.0), r"FittedLinear.coefficients\['a'\]\[0\]: builtins.object"),  # type: ignore[arg-type]
        (Elsewhere(), "Elsewhere: tests"),
        (len, "builtin_function_or_method: builtins"),
    ],
)
def test_what_cannot_be_kept_is_named_with_its_place(value: Any, where: str) -> None:
    with pytest.raises(NotKeptError, match=where):
        structure_of(value)


@pytest.mark.parametrize(
    ("structure", "told"),
    [
        ({"class": "os:system", "fields": {}}, 'the class "os:system", which is none of tasks.modelling'),
        ({"class": "tasks.modelling.models.lasso:Lasso", "fields": {}}, "this one has no Lasso"),
        ({"class": "tasks.modelling.models.lasso:np", "fields": {}}, "which is none of"),
        ({"class": "tasks.modelling.models.gone:FittedGone", "fields": {}}, "this one has no FittedGone in"),
        ({"class": LINEAR, "fields": {"coefficients": 1}}, "another version of radweave: its FittedLinear holds coeff"),
        ({"array": 1}, "an array 1 of 0"),
        ({"eval": "1"}, 'the word "eval"'),
        ({"tuple": [], "list": []}, "the keys tuple, list"),
        ([1], "a list without a word"),
    ],
)
def test_what_is_read_runs_nothing_and_is_refused_with_a_sentence(structure: Any, told: str) -> None:
    with pytest.raises(RadweaveError, match=told):
        value_of(structure, [])


def test_a_table_of_arrays_is_checked() -> None:
    table = arrays_table([np.arange(3.0)])
    with pytest.raises(RadweaveError, match="an array of 24 bytes where 32 were written"):
        arrays_of(table.set_column(1, "shape", pa.array(["[4]"])))
    with pytest.raises(RadweaveError, match="an array of object"):
        arrays_of(table.set_column(0, "type", pa.array(["|O"])))
    with pytest.raises(RadweaveError, match="no table of arrays: its columns are type"):
        arrays_of(table.select(["type"]))


def test_another_format_is_refused() -> None:
    with pytest.raises(RadweaveError, match="it has format 99, this radweave reads 1: use the version that wrote it"):
        final_of({"format": 99}, [])


def test_a_kind_that_cannot_be_kept_is_refused_before_it_is_fitted(monkeypatch: pytest.MonkeyPatch) -> None:
    (candidate,) = make_study(models=[FAST]).models
    check_keepable(candidate, "binary")
    monkeypatch.setattr(MODELS.load("lasso_logistic"), "unkept", "its weights are another's")
    with pytest.raises(RadweaveError, match='candidate lasso_logistic: "lasso_logistic" cannot be saved: its weights'):
        check_keepable(candidate, "binary")
    (voters,) = make_study(models=[{"kind": "voting", "models": ["lasso_logistic", "svm"]}]).models
    with pytest.raises(RadweaveError, match='candidate voting: "lasso_logistic" cannot be saved'):
        check_keepable(voters, "binary")
