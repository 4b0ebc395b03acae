"""Expressions of regions: what they mean, what they are called, and what is no expression."""

from __future__ import annotations

import pytest

from features.core.roi_expression import RoiExpression, check_region_word


@pytest.mark.parametrize(
    ("text", "terms", "name"),
    [
        ("tumour", (("+", "tumour"),), "tumour"),
        ("tumour - necrosis", (("+", "tumour"), ("-", "necrosis")), "tumour_minus_necrosis"),
        (" gtv_1+gtv_2 -air ", (("+", "gtv_1"), ("+", "gtv_2"), ("-", "air")), "gtv_1_plus_gtv_2_minus_air"),
    ],
)
def test_an_expression_is_read_from_left_to_right(text: str, terms: tuple[tuple[str, str], ...], name: str) -> None:
    found = RoiExpression.parse(text)
    assert (found.terms, found.name, found.words) == (terms, name, tuple(word for _, word in terms))
    assert RoiExpression.parse(str(found)) == found
    assert found.is_combined == (len(terms) > 1)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("  ", "a ROI is empty; allowed: words of regions with + or - between them"),
        ("- necrosis", 'the ROI "- necrosis" begins with -'),
        ("tumour -", 'the ROI "tumour -" ends with -'),
        ("tumour - + oedema", 'the ROI "tumour - + oedema" has two signs in a row: +'),
        ("tumour - (a + b)", "has brackets; it is read from left to right"),
        ("tumour necrosis", '"tumour necrosis" is no word of a region'),
        ("Tumour - necrosis", '"Tumour" is no word of a region; allowed: a letter, then'),
        ("tumour * 2", '"tumour * 2" is no word'),
        ("tumour - tumour", 'names "tumour" twice'),
    ],
)
def test_what_is_no_expression_is_said(text: str, message: str) -> None:
    with pytest.raises(ValueError, match="ROI") as raised:
        RoiExpression.parse(text)
    assert message in str(raised.value)


def test_regions_that_are_not_there_are_named() -> None:
    assert RoiExpression.parse("tumour - necrosis + oedema").unknown(["tumour"]) == ("necrosis", "oedema")


@pytest.mark.parametrize("word", ["tumour_minus_necrosis", "a_plus_b", "tumour_by_anna", "Tumour", "a__b", "1a"])
def test_words_of_regions_cannot_be_taken_for_combined_ones(word: str) -> None:
    with pytest.raises(ValueError, match=f'"{word}"'):
        check_region_word(word)
    assert check_region_word("left_hippocampus") == "left_hippocampus"
