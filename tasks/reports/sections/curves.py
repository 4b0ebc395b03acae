"""What was predicted and what was seen: the figures that the endpoint names."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar, Literal

from tasks.reports.figures import Plot
from tasks.reports.outcome_figures.outcome_figure import OUTCOME_FIGURES, best_and_clinical
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

    def content(self, found: Findings) -> Mapping[str, object]:
        return {"undrawn": undrawn(found)}


def undrawn(found: Findings) -> list[str]:
    """Why a combination that would be shown has no risk groups to draw."""
    reasons = {
        (one.split, one.blocks, one.model, one.cohort): one.reason
        for one in found.result.groups
        if one.high is None and one.low is None
    }
    shown = best_and_clinical(found.study, found.result, found.winner)
    wanted = {one.name(found.study): (one.split, one.blocks, one.model, one.cohort) for one in shown}
    return [f"{name}: not drawn, {reasons[key]}." for name, key in wanted.items() if key in reasons]
