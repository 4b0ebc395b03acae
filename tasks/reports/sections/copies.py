"""Which patients of a study may be one and the same, and what was done about it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, Literal

from tasks.modelling.evaluation.result import StudyResult
from tasks.reports.copies import copies_sentence
from tasks.reports.section import Findings, Section

MOST = 100  # rows of the table; the others stand in copies.parquet


class Copies(Section):
    """Sets of copies with what is equal in them; not there where nobody is a copy."""

    kind: Literal["copies"] = "copies"
    order: ClassVar[int] = 15

    def applies(self, found: Findings) -> bool:
        return bool(found.result.copies)

    def content(self, found: Findings) -> Mapping[str, object]:
        return {
            "copies": copy_rows(found.result)[:MOST],
            "more_copies": max(0, len(found.result.copies) - MOST),
            "copies_sentence": copies_sentence(found.result),
        }


@dataclass(frozen=True)
class CopyRow:
    """Pseudonyms of patients, what they have in common, and what that meant for the folds."""

    patients: str
    alike: str
    treated: str


def copy_rows(result: StudyResult) -> tuple[CopyRow, ...]:
    """One row for each set of copies, those that are one group first."""
    return tuple(
        CopyRow(", ".join(one.patients), one.alike, "one group in all folds" if one.joined else "only reported")
        for one in sorted(result.copies, key=lambda one: not one.joined)
    )
