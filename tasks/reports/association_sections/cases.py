"""The cases behind the first associations: what one number hides."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, Literal

from tasks.reports.association_figures import cases_of
from tasks.reports.association_section import AssociationFindings, AssociationSection
from tasks.reports.figures import Plot


class Cases(AssociationSection):
    """Scatter plots, boxes or courses of the first ones by p; of follow-up there is none."""

    kind: Literal["cases"] = "cases"
    order: ClassVar[int] = 34

    def heading(self, found: AssociationFindings) -> str:  # noqa: ARG002
        return "The cases behind the first ones"

    def applies(self, found: AssociationFindings) -> bool:
        return bool(found.result.shown)

    def figures(self, found: AssociationFindings) -> Sequence[Plot]:
        return [cases_of(found, one, i) for i, one in enumerate(found.result.shown, start=1)]
