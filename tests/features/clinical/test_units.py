"""Units: factors within one dimension, none between dimensions."""

from __future__ import annotations

import pytest

from features.clinical.units import _FACTORS, conversion

PAIRS = [(a, b) for factors in _FACTORS.values() for a in factors for b in factors]


@pytest.mark.parametrize(
    ("source", "target", "factor"),
    [
        ("months", "days", 30.4375),
        ("years", "months", 12.0),
        ("weeks", "days", 7.0),
        ("g", "kg", 0.001),
        ("cm", "m", 0.01),
        ("mm", "cm", 0.1),
        ("mm3", "ml", 0.001),
        ("l", "ml", 1000.0),
        ("own unit", "own unit", 1.0),
    ],
)
def test_known_factors(source: str, target: str, factor: float) -> None:
    assert conversion(source, target) == pytest.approx(factor, rel=1e-12)


@pytest.mark.parametrize(
    ("source", "target"), [("days", "kg"), ("days", ""), ("", "days"), ("Days", "days"), ("a", "b")]
)
def test_no_factor_between_dimensions_or_unknown_units(source: str, target: str) -> None:
    assert conversion(source, target) is None


@pytest.mark.parametrize(("a", "b"), PAIRS)
def test_there_and_back_is_one(a: str, b: str) -> None:
    there, back = conversion(a, b), conversion(b, a)
    assert there is not None
    assert back is not None
    assert there * back == pytest.approx(1.0, rel=1e-12)
