"""parse_number: digits, the declared decimal sign, an exponent; nothing else is a number."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from features.tables.number import parse_number


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
