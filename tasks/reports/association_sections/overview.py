"""All associations at a glance: how strong, and how unlikely by chance."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, Literal

from tasks.reports.association_figures import volcano
from tasks.reports.association_section import AssociationFindings, AssociationSection
from tasks.reports.association_sections.associations import tested_by_effect
from tasks.reports.figures import Plot


class Overview(AssociationSection):
    """A volcano plot of each effect."""

    kind: Literal["overview"] = "overview"
    order: ClassVar[int] = 32

    def heading(self, found: AssociationFindings) -> str:  # noqa: ARG002
        return "All at a glance"

    def applies(self, found: AssociationFindings) -> bool:
        return found.result.tests > 1

    def figures(self, found: AssociationFindings) -> Sequence[Plot]:
        return [volcano(found, word, rows) for word, rows in tested_by_effect(found).items()]
