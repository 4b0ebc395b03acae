"""Copies: how many patients of a study may be one and the same, in a sentence."""

from __future__ import annotations

from features.core.design import Copies
from features.core.wording import counted
from tasks.modelling.evaluation.result import StudyResult


def copies_sentence(result: StudyResult) -> str:
    """How many patients are copies, "" if nobody is."""
    known = result.patients + sum(one.patients for one in result.held_out)
    joined, told = (_patients(result.copies, joined=joined) for joined in (True, False))
    sentences = []
    if joined:
        sentences.append(
            f"{counted(joined, 'patient')} of {known} may be copies of one another (one image, or equal predictors): "
            "they stand on one side of every fold, and intervals count them once."
        )
    if told:
        sentences.append(
            f"{counted(told, 'patient')} have equal values in too few columns to be treated as copies: look at them."
        )
    return " ".join(sentences)


def _patients(copies: tuple[Copies, ...], *, joined: bool) -> int:
    return len({patient for one in copies if one.joined == joined for patient in one.patients})
