"""How the tested columns go together, within blocks and between them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, Literal

from tasks.reports.association_figures import heatmap
from tasks.reports.association_section import AssociationFindings, AssociationSection
from tasks.reports.figures import Plot


class Columns(AssociationSection):
    """A heatmap of rank correlations."""

    kind: Literal["columns"] = "columns"
    order: ClassVar[int] = 38

    def heading(self, found: AssociationFindings) -> str:  # noqa: ARG002
        return "Columns with each other"

    def applies(self, found: AssociationFindings) -> bool:
        return found.result.together is not None

    def figures(self, found: AssociationFindings) -> Sequence[Plot]:
        return [] if found.result.together is None else [heatmap(found, found.result.together)]
