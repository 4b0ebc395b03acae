"""Units: factors within one dimension, none between dimensions."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from features.clinical.units import _FACTORS, MOLAR_MASS, conversion

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


@pytest.mark.parametrize(
    ("analyte", "source", "target", "factor"),
    [  # AMA Manual of Style, SI conversion factors
        ("creatinine", "mg/dl", "umol/l", 88.4),
        ("glucose", "mg/dl", "mmol/l", 0.0555),
        ("haemoglobin", "g/dl", "mmol/l", 0.6206),
        ("bilirubin", "mg/dl", "umol/l", 17.104),
        ("calcium", "mg/dl", "mmol/l", 0.25),
        ("cholesterol", "mg/dl", "mmol/l", 0.0259),
        ("urea nitrogen", "mg/dl", "mmol/l", 0.357),
        ("uric acid", "mg/dl", "umol/l", 59.485),
    ],
)
def test_mass_becomes_moles_for_a_declared_analyte_alone(analyte: str, source: str, target: str, factor: float) -> None:
    assert conversion(source, target, analyte) == pytest.approx(factor, rel=2e-3)
    back = conversion(target, source, analyte)
    assert back is not None
    assert back * factor == pytest.approx(1, rel=2e-3)
    assert conversion(source, target) is None
    assert conversion(source, target, "something else") is None


@pytest.mark.parametrize(
    ("source", "target", "factor"),
    [
        ("g/dl", "g/l", 10.0),
        ("mg/l", "mg/dl", 0.1),
        ("ng/ml", "ug/l", 1.0),
        ("ukat/l", "U/l", 60.0),
        ("10^9/l", "10^3/ul", 1.0),
        ("percent", "fraction", 0.01),
        ("MBq", "mCi", 1 / 37),
        ("hours", "days", 1 / 24),
    ],
)
def test_laboratory_factors(source: str, target: str, factor: float) -> None:
    assert conversion(source, target) == pytest.approx(factor, rel=1e-12)


@pytest.mark.parametrize("analyte", MOLAR_MASS)
@settings(deadline=None)
@given(value=st.floats(1e-6, 1e6))
def test_a_value_that_goes_to_moles_and_back_is_the_same(analyte: str, value: float) -> None:
    there, back = conversion("mg/dl", "umol/l", analyte), conversion("umol/l", "mg/dl", analyte)
    assert there is not None
    assert back is not None
    assert value * there * back == pytest.approx(value, rel=1e-12)
