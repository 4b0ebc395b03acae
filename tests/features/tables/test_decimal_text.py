"""Decimal texts become the doubles that Python makes of them, also at ties, subnormal and beyond all numbers."""

from __future__ import annotations

import struct

import numpy as np
from hypothesis import example, given, settings
from hypothesis import strategies as st

from features.tables.decimal_text import powers_of_five, to_bits


@settings(max_examples=500, deadline=None)
@given(digits=st.integers(0, 10**19 - 1), power=st.integers(-365, 330))
@example(digits=2**53 + 1, power=0)  # between two doubles: the even one
@example(digits=2**53 + 3, power=0)
@example(digits=17976931348623157, power=292)
@example(digits=17976931348623159, power=292)  # infinite
@example(digits=5, power=-324)
@example(digits=24703282292062327, power=-340)  # half of the smallest number
@example(digits=22250738585072011, power=-324)
def test_bits_are_those_of_python(digits: int, power: int) -> None:
    found = int(to_bits(np.uint64(digits), power, powers_of_five()))
    assert found == struct.unpack("<Q", struct.pack("<d", float(f"{digits}e{power}")))[0]
