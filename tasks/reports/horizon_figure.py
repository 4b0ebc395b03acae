"""Calibration at several days of follow-up, side by side."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from features.core.wording import counted
from tasks.modelling.curves.calibration_by_day import LEAST_CASES, CalibrationByDay
from tasks.modelling.evaluation.study import Study
from tasks.reports.figures import COLOURS, MUTED, Plot, draw, grid, wrapped
from tasks.reports.outcome_figures.outcome_figure import Shown

ACROSS = 3  # panels in a row
WIDTH, HEIGHT = 2.9, 3.1  # of a panel, inches


def horizon_figure(study: Study, shown: Shown, event: str, curves: Sequence[tuple[float, CalibrationByDay]]) -> Plot:
    """A panel for each day: what was seen against what was predicted. event: what it is the incidence of, in words."""
    name = shown.name(study)
    across = min(ACROSS, len(curves))
    down = -(-len(curves) // across)

    def paint(figure: Figure) -> None:
        panels = np.atleast_1d(figure.subplots(down, across, squeeze=False)).ravel()
        for axes, (day, curve) in zip(panels, curves, strict=False):
            _panel(axes, curve)
            axes.set_title(f"By day {day:g}", loc="left")
        for axes in panels[len(curves) :]:
            axes.set_axis_off()
        for axes in panels[: len(curves)]:
            axes.set_xlabel("Predicted incidence")
        panels[0].set_ylabel("Observed incidence")
        letters = int(15 * WIDTH * max(1.6, across))
        figure.suptitle(wrapped(name, letters), x=0.01, ha="left", fontweight="bold", fontsize=9.5)

    days = ", ".join(f"{day:g}" for day, _ in curves)
    title = f"Calibration by day {days}: {name}"
    unknown = max(curve.unknown for _, curve in curves)
    left = (
        f" {counted(unknown, 'case')} at most are in groups that nobody follows until the day, which have no dot."
        if unknown
        else ""
    )
    flat = any(bound in (0.0, 1.0) for _, curve in curves for bound in curve.seen)
    bare = " A group in which nobody, or everybody, had it has no interval." if flat else ""
    caption = (
        f"{title}, {shown.under}. Each dot is a group of at least {LEAST_CASES} cases of like predicted incidence of {event}, at "
        "its mean, with what was observed (1 − Kaplan–Meier, or Aalen–Johansen where other events compete) and its 95 % interval; "
        "the line is a smooth of all cases (local linear regression of pseudo-values). On the dashed line predictions are "
        f"right.{bare}{left}"
    )
    figure_id = f"figure-horizons-{shown.id}"
    size = (max(4.6, WIDTH * across + 0.3), HEIGHT * down + 0.4)
    return Plot(figure_id, title, caption, draw(figure_id, title, size, paint), wide=across > 1)


def _panel(axes: Axes, curve: CalibrationByDay) -> None:
    axes.plot([0, 1], [0, 1], color=MUTED, linewidth=0.8, linestyle=(0, (4, 3)))
    axes.plot(curve.line_predicted, curve.line_seen, color=COLOURS[1], linewidth=1.4)
    axes.vlines(curve.predicted, curve.low, curve.high, color=COLOURS[0], linewidth=1.2)
    axes.plot(
        curve.predicted, curve.seen, color=COLOURS[0], marker="o", markersize=5.5, markeredgecolor="white", linestyle=""
    )
    axes.set_xlim(0, 1)
    axes.set_ylim(0, 1.02)
    axes.set_aspect("equal")
    grid(axes, "both")
