"""normalise_id: ids become one only as the catalog declares it."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from features.core.catalog.id_form import IdForm, normalise_id


@pytest.mark.parametrize(
    ("form", "written", "patient"),
    [
        ({}, " 0010\t", "0010"),
        ({}, "Mu\u0308ller", "M\u00fcller"),
        ({}, "NA", "NA"),
        ({}, "p1", "p1"),
        ({"upper": True}, "p1", "P1"),
        ({"upper": True}, "ma\u00df", "MASS"),
        ({"drop_decimal": True}, "7.0", "7"),
        ({"drop_decimal": True}, "7.00", "7"),
        ({"drop_decimal": True}, "7.5", "7.5"),
        ({"drop_decimal": True}, "A.0", "A.0"),
        ({"strip_zeros": True}, "007", "7"),
        ({"strip_zeros": True}, "000", "0"),
        ({"pad": 4}, "7", "0007"),
        ({"pad": 2}, "007", "007"),
        ({"pattern": r"TCGA-(\w+)-.*"}, "TCGA-12-01A", "12"),
        ({"pattern": r"TCGA-(\w+)"}, "XTCGA-12", ""),
        ({"pattern": r"P(\d*)", "pad": 3}, "P", ""),
        ({"drop_decimal": True, "strip_zeros": True, "pad": 3}, "0007.0", "007"),
        ({"pad": 3}, "  ", ""),
    ],
)
def test_forms(form: dict[str, Any], written: str, patient: str) -> None:
    assert normalise_id(written, IdForm(**form)) == patient


def test_a_prefix_is_that_of_the_centre_and_its_bare_word_will_do() -> None:
    form = IdForm.model_validate("prefix")
    assert form == IdForm(prefix=True)
    assert normalise_id("7", form.at("A")) == "A-7"
    assert normalise_id("7", IdForm(prefix=True, pad=3).at("A")) == "A-007"
    assert normalise_id("  ", form.at("A")) == ""
    with pytest.raises(ValueError, match="prefix is true or false: the name of each centre"):
        IdForm.model_validate({"prefix": "centre"})
    assert normalise_id("7", IdForm(upper=True).at("A")) == "7"
    with pytest.raises(AssertionError, match="the centre of an id is not known"):
        normalise_id("7", form)


@pytest.mark.parametrize("pattern", ["P.*", "(P)(.*)", "(P"])
def test_a_pattern_has_one_group(pattern: str) -> None:
    with pytest.raises(ValueError, match="needs one group|is not a regular expression"):
        IdForm(pattern=pattern)


@settings(deadline=None)
@given(st.text(), st.booleans(), st.booleans(), st.integers(0, 9))
def test_a_normal_id_stays_as_it_is(written: str, upper: bool, strip: bool, pad: int) -> None:
    form = IdForm(upper=upper, strip_zeros=strip, pad=pad)
    once = normalise_id(written, form)
    assert normalise_id(once, form) == once
