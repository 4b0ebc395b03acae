"""Calibration: whether probabilities are right, and what deciding by them is worth."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, Literal

import numpy as np

from tasks.modelling.curves.calibration import calibration_curve
from tasks.modelling.curves.decision import decision_curve
from tasks.reports.calibration_figure import calibration_figure
from tasks.reports.figures import Plot
from tasks.reports.outcome_figures.outcome_figure import best_and_clinical
from tasks.reports.section import Findings, Section
from tasks.reports.sections.further_scores import is_decided

THRESHOLDS = np.linspace(0.01, 0.99, 99)


class Calibration(Section):
    """The calibration curve and the decision curve of the combinations that figures show."""

    kind: Literal["calibration"] = "calibration"
    order: ClassVar[int] = 42

    def applies(self, found: Findings) -> bool:
        return is_decided(found.result.endpoint) and len(found.result.predictions) > 0

    def figures(self, found: Findings) -> Sequence[Plot]:
        plots = []
        keys = ["case", "fold"]
        for shown in best_and_clinical(found.study, found.result, found.winner):
            table = found.result.probabilities
            if shown.cohort:  # the table of probabilities has no cohorts
                table = table.assign(cohort=shown.cohort)
            rows = shown.rows(found.result.predictions).merge(
                shown.rows(table)[[*keys, "probability"]], on=keys, validate="one_to_one"
            )
            if len(rows):
                label, said = rows["event"].to_numpy(bool), rows["probability"].to_numpy(np.float64)
                curves = calibration_curve(label, said), decision_curve(label, said, THRESHOLDS)
                plots.append(calibration_figure(found.study, shown, *curves))
        return plots
