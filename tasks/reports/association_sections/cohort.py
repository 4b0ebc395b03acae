"""The cohort table of a paper: what the cases are, over all and by centre."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, Literal

from features.fusion.no_endpoint import NoEndpoint
from tasks.reports.association_section import AssociationFindings, AssociationSection
from tasks.reports.cohort_table import cohort_by_centre
from tasks.reports.number_format import share


class Cohort(AssociationSection):
    """The cohort table, and how many cases lack an image or a block."""

    kind: Literal["cohort"] = "cohort"
    order: ClassVar[int] = 20
    is_shared: ClassVar[bool] = True

    def content(self, found: AssociationFindings) -> Mapping[str, object]:
        facts = found.facts
        lacking = sorted(facts.missing_block.items())
        return {
            "cohort": cohort_by_centre(found.study, NoEndpoint(), facts.cohort_table, facts.variables),
            "missing": [(name, share(count, len(facts.cohort_table))) for name, count in lacking],
            "missing_sentence": "Nothing is filled in: cases without a value are left out of the tests that need it.",
        }
