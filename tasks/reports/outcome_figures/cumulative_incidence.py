"""Cumulative incidence of the event of interest in out-of-fold risk groups."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, Literal

from features.endpoints.competing_risks import CompetingRisks
from tasks.modelling.evaluation.result import StudyResult
from tasks.modelling.evaluation.study import Study
from tasks.reports.figures import Plot
from tasks.reports.outcome_figures.outcome_figure import OutcomeFigure
from tasks.reports.risk_curves import Look, risk_curves
from tasks.reports.winner import Winner


class CumulativeIncidence(OutcomeFigure):
    """The share of each risk group that had the event of interest by each day, where others compete (Aalen–Johansen)."""

    kind: Literal["cumulative_incidence"] = "cumulative_incidence"
    heading: ClassVar[str] = "Cumulative incidence"

    def plots(self, study: Study, result: StudyResult, winner: Winner, variables: Mapping[str, str]) -> list[Plot]:  # noqa: ARG002
        assert isinstance(result.endpoint, CompetingRisks)
        event = result.endpoint.of_interest
        look = Look(
            id="figure-incidence",
            title=f"Cumulative incidence of {event}",
            share=f"Share with {event}",
            legend="best",
            test="cause-specific log-rank",
            meant=f"Aalen–Johansen curves; events are those of interest, numbers at risk are free of any event. p is that of the "
            f"two-sided log-rank test of the hazard of {event}, with other events as censored; it does not compare the curves "
            "themselves, as Gray's test would.",
        )
        return risk_curves(study, result, winner, look)
