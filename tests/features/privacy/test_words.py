"""What is left of names and descriptions."""

from __future__ import annotations

import pytest

from features.privacy.words import Vocabulary, words_in


@pytest.mark.parametrize(
    "text",
    ["GTV-1", "GTV", "Lung_Left", "CT Thorax 5.0 B30f", "T1w + C", "PTV 7000", "b1000 DWI", "Parotid (L)", "ROI 12"],
)
def test_a_text_of_known_words_stays_as_it_is(text: str) -> None:
    assert Vocabulary().clean(text) == text


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("GTV DOE^JOHN", "GTV"),
        ("gtv(John)", "gtv"),
        ("John_Doe_GTV_2", "GTV_2"),
        ("GTV 19510203", "GTV"),
        ("GTV 03.02.1951", "GTV"),
        ("GTV2John", "GTV2"),
        ("Müller^Änne GTV", "GTV"),
        ("Thorax, Dr. Who, left", "Thorax,left"),
        ("1951-02-03", ""),
        ("王小明 lung", "lung"),
        ("", ""),
        (" ^^ ", ""),
    ],
)
def test_unknown_words_and_long_numbers_go(text: str, left: str) -> None:
    assert Vocabulary().clean(text) == left


def test_words_of_the_catalog_stay_and_those_of_names_go() -> None:
    assert Vocabulary(frozenset({"zeta"})).clean("Zeta_1 GTV") == "Zeta_1 GTV"
    assert Vocabulary().without(["HEAD^Ann"]).clean("Head GTV") == "GTV"
    assert Vocabulary(frozenset({"head"})).without(["HEAD^Ann"]).clean("Head GTV") == "Head GTV"


def test_words_are_found_with_and_without_their_number() -> None:
    assert words_in("GTV2 T1w_left") == ["gtv2", "gtv", "t1w", "t", "left"]
