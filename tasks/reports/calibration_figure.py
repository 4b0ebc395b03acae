"""Calibration curve and decision curve side by side."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from tasks.modelling.curves.calibration import CalibrationCurve
from tasks.modelling.curves.decision import DecisionCurve
from tasks.modelling.evaluation.study import Study
from tasks.reports.figures import COLOURS, MUTED, Plot, draw, grid, wrapped
from tasks.reports.outcome_figures.outcome_figure import Shown

LETTERS = 96  # of a line of the title
_LEAST = -0.05  # of net benefit that is drawn


def calibration_figure(study: Study, shown: Shown, calibration: CalibrationCurve, decision: DecisionCurve) -> Plot:
    """Left how often it was seen against how often it was predicted, right net benefit over thresholds."""
    name = shown.name(study)

    def paint(figure: Figure) -> None:
        left, right = figure.subplots(1, 2)
        _calibration(left, calibration)
        _decision(right, decision)
        figure.suptitle(wrapped(name, LETTERS), x=0.01, ha="left", fontweight="bold", fontsize=9.5)

    title = f"Calibration and decision curve: {name}"
    caption = (
        f"{title}, {shown.under}. Left: each dot is a group of cases of like probability, with the 95 % interval (Wilson) of the "
        "share that had the event; on the dashed line probabilities are right. Right: net benefit of treating whoever is at or "
        "above a threshold; the model is of use where its line lies above both others."
    )
    figure_id = f"figure-calibration-{shown.id}"
    return Plot(figure_id, title, caption, draw(figure_id, title, (8.6, 3.9), paint), wide=True)


def _calibration(axes: Axes, curve: CalibrationCurve) -> None:
    axes.plot([0, 1], [0, 1], color=MUTED, linewidth=0.8, linestyle=(0, (4, 3)))
    x, seen = np.array(curve.predicted), np.array(curve.seen)
    axes.vlines(x, curve.low, curve.high, color=COLOURS[0], linewidth=1.2)
    axes.plot(x, seen, color=COLOURS[0], marker="o", markersize=5.5, markeredgecolor="white", linewidth=1.0)
    axes.set_xlim(0, 1)
    axes.set_ylim(0, 1.02)
    axes.set_xlabel("Predicted probability")
    axes.set_ylabel("Share with the event")
    grid(axes, "both")


def _decision(axes: Axes, curve: DecisionCurve) -> None:
    axes.plot(curve.thresholds, curve.model, color=COLOURS[0], linewidth=1.6, label="By the model")
    axes.plot(curve.thresholds, curve.everybody, color=COLOURS[1], linewidth=1.0, label="Everybody")
    axes.axhline(0.0, color=MUTED, linewidth=1.0, label="Nobody")
    axes.set_xlim(0, 1)
    axes.set_ylim(_LEAST, max(0.1, 1.08 * max(*curve.model, *curve.everybody)))
    axes.set_xlabel("Threshold of the probability")
    axes.set_ylabel("Net benefit of treating")
    axes.legend(loc="upper right", handlelength=1.6)
    grid(axes, "y")
