"""Choices of select and ignore: what they mean, and which are none."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from features.core.catalog.series_choice import Choice, choice_fault, choice_word, judge

CHOICE: TypeAdapter[Any] = TypeAdapter(Choice)


@pytest.mark.parametrize(
    ("choice", "taken", "left"),
    [
        ("t1.*", ["T1 ax", "t1"], ["ax T1", ""]),
        ("present", ["Gadovist", "0"], [""]),
        ("absent", [""], ["Gadovist"]),
        ("(present)", ["PRESENT"], ["Gadovist"]),
        (80, ["80", "80.0", "8e1", "80.00001"], ["", "80.1", "80/90", "none"]),
        (0, ["0", "-0.0"], ["1e-3", ""]),
        ([50, None], ["50", "1e9"], ["49.9", "", "nan"]),
        ([None, 30], ["30", "-5"], ["30.1"]),
        ([0, 800], ["0/800"], ["0/1000", "0/x"]),
    ],
)
def test_a_choice_takes_values(choice: Any, taken: list[str], left: list[str]) -> None:
    fits = judge(CHOICE.validate_python(choice))
    assert [value for value in taken if not fits(value)] == []
    assert [value for value in left if fits(value)] == []


@pytest.mark.parametrize(
    ("choice", "message"),
    [
        (True, "quote yes and no"),
        (None, "a regular expression for the whole value, a number"),
        ({"low": 1}, "a regular expression for the whole value, a number"),
        ([None, None], "a range is [low, high] of two numbers"),
        ([1, 2, 3], "a range is [low, high] of two numbers"),
        ([1, "2"], "a range is [low, high] of two numbers"),
        ([2, 1], "the range [2, 1] begins above its end"),
    ],
)
def test_what_is_no_choice_says_which_there_are(choice: Any, message: str) -> None:
    with pytest.raises(ValidationError) as caught:
        CHOICE.validate_python(choice)
    assert message in str(caught.value)


def test_a_pattern_that_is_none_is_told() -> None:
    assert choice_fault("[") == "unterminated character set at position 0"
    assert [choice_fault(one) for one in ("present", 80.0, (None, 3.0))] == ["", "", ""]


def test_equal_choices_have_one_word_and_a_number_is_no_pattern() -> None:
    words = [choice_word(CHOICE.validate_python(one)) for one in ("80.0", 80, 80.0, [80, 80], (80, None), "T1")]
    assert words[1] == words[2]
    assert len(set(words)) == 5
    assert words[5] == "T1"
