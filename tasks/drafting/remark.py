"""Remark: a guess that a drafted file makes, or a question that it asks, with what speaks for it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Remark:
    """kind: a guess stands in the file as a value; a question asks for what could not be decided.

    about: what it is about, in a word or two, for the screen. text: one sentence, with what was seen. answers: lines that
    stand below it in the file, as comments: YAML that would be other answers, or details.
    """

    kind: Literal["guess", "question"]
    about: str
    text: str
    answers: tuple[str, ...] = ()


def guess(about: str, text: str, *answers: str) -> Remark:
    """A guess and what speaks for it."""
    return Remark("guess", about, text, answers)


def question(about: str, text: str, *answers: str) -> Remark:
    """A question, and the answers there are."""
    return Remark("question", about, text, answers)


def several(count: int, one: str, many: str = "") -> str:
    """A count with its noun.

    >>> several(1, "file"), several(1200, "file"), several(2, "study", "studies")
    ('1 file', '1,200 files', '2 studies')
    """
    return f"{count:,} {one if count == 1 else many or one + 's'}"
