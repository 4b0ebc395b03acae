"""OutcomeFigure: what a report draws of predictions and what was seen, for endpoints that name it."""

from __future__ import annotations

from abc import abstractmethod
from typing import ClassVar

from features.core.kinds.registry import Kind, Registry
from tasks.modelling.evaluation.result import StudyResult
from tasks.modelling.evaluation.study import Study
from tasks.reports.figures import Plot
from tasks.reports.winner import Winner


class OutcomeFigure(Kind):
    """heading: of its section in the report."""

    heading: ClassVar[str]

    @abstractmethod
    def plots(self, study: Study, result: StudyResult, winner: Winner) -> list[Plot]:
        """The figures, for the combinations that the winner names; none where nothing was predicted."""


OUTCOME_FIGURES: Registry[OutcomeFigure] = Registry(OutcomeFigure, "tasks.reports.outcome_figures")
