"""Kaplan–Meier figures of out-of-fold risk groups."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, Literal

from tasks.modelling.evaluation.result import StudyResult
from tasks.modelling.evaluation.study import Study
from tasks.reports.figures import Plot
from tasks.reports.outcome_figures.outcome_figure import OutcomeFigure
from tasks.reports.risk_curves import Look, risk_curves
from tasks.reports.winner import Winner

LOOK = Look(
    id="figure-survival",
    title="Kaplan–Meier curves",
    share="Event-free share",
    legend="upper right",
    test="log-rank",
    meant="p is that of the two-sided log-rank test; it does not tell which group fared better.",
)


class KaplanMeier(OutcomeFigure):
    """The share of each risk group that is free of the event."""

    kind: Literal["kaplan_meier"] = "kaplan_meier"
    heading: ClassVar[str] = "Risk groups"

    def plots(self, study: Study, result: StudyResult, winner: Winner, variables: Mapping[str, str]) -> list[Plot]:  # noqa: ARG002
        return risk_curves(study, result, winner, LOOK)
