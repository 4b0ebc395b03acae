"""The cohort table of a paper: what the cases are, over all and by centre."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, Literal

from tasks.reports.cohort_table import cohort_by_centre
from tasks.reports.missing import missing_sentence
from tasks.reports.number_format import share
from tasks.reports.section import Findings, Section


class Cohort(Section):
    """The cohort table, and how many cases lack an image or a block."""

    kind: Literal["cohort"] = "cohort"
    order: ClassVar[int] = 20

    def content(self, found: Findings) -> Mapping[str, object]:
        facts, endpoint = found.facts, found.result.endpoint
        cases = len(facts.cohort_table)
        return {
            "cohort": cohort_by_centre(found.study, endpoint, facts.cohort_table, facts.variables, facts.held_out),
            "missing": [(name, share(count, cases)) for name, count in sorted(facts.missing_block.items())],
            "missing_sentence": missing_sentence(found.study, facts.missing_block),
        }
