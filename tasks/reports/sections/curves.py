"""What was predicted and what was seen: the figures that the endpoint names."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, Literal

from tasks.reports.figures import Plot
from tasks.reports.outcome_figures.outcome_figure import OUTCOME_FIGURES
from tasks.reports.section import Findings, Section


class Curves(Section):
    """ROC curves, curves of risk groups, or whatever fits the endpoint."""

    kind: Literal["curves"] = "curves"
    order: ClassVar[int] = 40

    def heading(self, found: Findings) -> str:
        return OUTCOME_FIGURES.load(found.result.endpoint.figures[0]).heading

    def figures(self, found: Findings) -> Sequence[Plot]:
        drawn = [OUTCOME_FIGURES.parse(kind) for kind in found.result.endpoint.figures]
        parts = found.study, found.result, found.winner, found.facts.variables
        return [plot for figure in drawn for plot in figure.plots(*parts)]
