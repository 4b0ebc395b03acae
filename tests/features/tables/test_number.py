"""parse_number: digits, the declared decimal sign, an exponent; nothing else is a number."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from features.tables.number import parse_number, parse_numbers


@pytest.mark.parametrize(
    ("cell", "decimal", "number"),
    [
        ("1", ".", 1.0),
        ("-1.5", ".", -1.5),
        ("+.5", ".", 0.5),
        ("5.", ".", 5.0),
        ("1e-3", ".", 0.001),
        ("007", ".", 7.0),
        ("1,5", ",", 1.5),
        ("1,5E2", ",", 150.0),
        ("12", ",", 12.0),
    ],
)
def test_numbers(cell: str, decimal: str, number: float) -> None:
    assert parse_number(cell, decimal) == number


@pytest.mark.parametrize("decimal", [".", ","])
@pytest.mark.parametrize(
    "cell",
    [
        "",
        "nan",
        "NaN",
        "inf",
        "-Infinity",
        "1e999",
        "1_000",
        "1 000",
        "1.000,5",
        "1,000.5",
        "١٢",
        "0x1",
        "<5",
        "-",
        ".",
    ],
)
def test_what_is_no_number(cell: str, decimal: str) -> None:
    assert parse_number(cell, decimal) is None


def test_the_other_decimal_sign_is_refused() -> None:
    assert parse_number("1.234", ",") is None
    assert parse_number("1,234", ".") is None


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_every_finite_number_comes_back(number: float) -> None:
    assert parse_number(repr(number), ".") == number
    assert parse_number(repr(number).replace(".", ","), ",") == number


CELLS = st.one_of(
    st.floats(allow_nan=False, allow_infinity=False).map(repr),
    st.text("0123456789+-.,eE _xnaif", max_size=8),
    st.sampled_from(["NA", "", "-9", "1e999", "5.", ".5", "+5", "+.5e+3", "٣"]),
)


@settings(deadline=None)
@given(st.lists(CELLS, max_size=20), st.sampled_from(".,"))
def test_many_cells_are_read_as_one_cell_is(cells: list[str], decimal: str) -> None:
    missing = ("NA", "", "-9")
    chunks = pa.chunked_array([pa.array(cells, pa.large_string()), pa.array([], pa.large_string())])
    values, wrong = parse_numbers(chunks, decimal, pa.array(missing, pa.large_string()))
    expected = [None if cell in missing else parse_number(cell, decimal) for cell in cells]
    np.testing.assert_array_equal(values, np.array([np.nan if v is None else v for v in expected]))
    assert wrong.tolist() == [cell not in missing and v is None for cell, v in zip(cells, expected, strict=True)]
