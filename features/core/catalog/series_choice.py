"""Choice: which values of a DICOM attribute `select` and `ignore` of a source mean."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable
from typing import Annotated, Any

from pydantic import BeforeValidator

PRESENT, ABSENT = "present", "absent"
CLOSE = 1e-6  # relative: what is written with few digits and read from a binary number is one number

Range = tuple[float | None, float | None]


def _plain(value: Any) -> Any:
    """What a catalog may write. Raises ValueError with the forms that there are."""
    if isinstance(value, list | tuple):
        ends = list(value)
        numbers = [end for end in ends if isinstance(end, int | float) and not isinstance(end, bool)]
        if len(ends) != 2 or not numbers or len(numbers) + ends.count(None) < 2:
            raise ValueError("a range is [low, high] of two numbers, one of which may be null")
        if len(numbers) == 2 and numbers[0] > numbers[1]:
            raise ValueError(f"the range [{numbers[0]:g}, {numbers[1]:g}] begins above its end")
        return tuple(ends)
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise ValueError(
            "a regular expression for the whole value, a number, [low, high], present or absent is wanted; quote yes and no"
        )
    return value if isinstance(value, str) else float(value)


Choice = Annotated[str | float | Range, BeforeValidator(_plain)]


def choice_word(choice: str | float | Range) -> str:
    """The choice as one text: what two equal choices share, and no others do."""
    return choice if isinstance(choice, str) else "\0" + json.dumps(choice)


def choice_fault(choice: str | float | Range) -> str:
    """Why a choice is none: its pattern is no regular expression; empty if it is one."""
    try:
        judge(choice)
    except re.error as error:
        return str(error)
    return ""


def judge(choice: str | float | Range) -> Callable[[str], bool]:
    """Whether an attribute's value, as text, is meant; several values of one attribute are joined by a slash.

    A text is a regular expression for the whole value, in any case of letters; `present` means any value, `absent` none. A
    number means each of the values (within 1e-6 of it), a range that each lies in it, its ends included. Raises re.error.

    >>> judge([80, None])("90"), judge("t1.*")("T1 ax"), judge("absent")(""), judge(80.0)("80/120")
    (True, True, True, False)
    """
    if choice == PRESENT:
        return bool
    if choice == ABSENT:
        return lambda value: not value
    if isinstance(choice, str):
        pattern = re.compile(choice, re.IGNORECASE)
        return lambda value: bool(pattern.fullmatch(value))
    low, high = choice if isinstance(choice, tuple | list) else (choice, choice)
    least, most = -math.inf if low is None else _below(low), math.inf if high is None else -_below(-high)
    return lambda value: all(least <= number <= most for number in _numbers(value))


def _below(value: float) -> float:
    return value - CLOSE * max(abs(value), 1e-3)


def _numbers(value: str) -> list[float]:
    """The numbers of a text; one that no range holds if there is none."""
    try:
        return [float(part) for part in value.split("/")]
    except ValueError:
        return [math.nan]
