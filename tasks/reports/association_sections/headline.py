"""The first lines: how many associations there are, the strongest, and what they do not show."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, Literal

from features.core.wording import counted
from tasks.reports.association_rows import CORRECTIONS, sentence_of
from tasks.reports.association_section import AssociationFindings, AssociationSection

SMALL = 50


class Headline(AssociationSection):
    """One sentence that may be quoted, and the cautions that belong to it."""

    kind: Literal["headline"] = "headline"
    order: ClassVar[int] = 1
    is_front: ClassVar[bool] = True

    def content(self, found: AssociationFindings) -> Mapping[str, object]:
        return {"sentence": association_headline(found), "cautions": cautions(found)}


def association_headline(found: AssociationFindings) -> str:
    """What was found, in one sentence, without a claim that anything is predicted."""
    result, study = found.result, found.study
    if not result.tests:
        return f"None of {counted(len(result.rows), 'association')} could be tested; the table says why"
    several = len(result.discoveries)
    how = f"a p of at most {study.alpha:g} after {CORRECTIONS[study.correction]}"
    told = f"{several or 'None'} of {counted(result.tests, 'association')} {'has' if several == 1 else 'have'} {how}"
    return f"{told}; that with the smallest p is {sentence_of(found, result.rows[0])}"


def cautions(found: AssociationFindings) -> list[str]:
    """What a reader must not read into it."""
    result, study = found.result, found.study
    said = [
        "These are associations, no predictions: they were found and judged on the same cases, and the first of many are larger "
        "here than they will be in others.",
        f"All {counted(result.tests, 'test')} of the study were corrected together; intervals are not corrected.",
        "An association is no cause, and a column that stands in this table is not thereby selected for a model: that is learnt "
        "inside training folds alone.",
    ]
    if result.patients < SMALL:
        said.append(f"{counted(result.patients, 'patient')}: what is not found here may yet be there.")
    if study.visits == "each" or result.n > result.patients:
        said.append(
            f"{counted(result.n, 'row')} of {counted(result.patients, 'patient')}: those of a patient are not independent, "
            "and the mixed models know it."
        )
    untested = len(result.rows) - result.tests
    if untested:
        said.append(f"{counted(untested, 'association')} could not be tested; each is in the table with its reason.")
    return said
