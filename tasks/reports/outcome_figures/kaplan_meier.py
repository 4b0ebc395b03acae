"""Kaplan–Meier figures of out-of-fold risk groups, with numbers at risk."""

from __future__ import annotations

import math
from typing import ClassVar, Literal

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from tasks.modelling.curves.kaplan_meier import Curve
from tasks.modelling.evaluation.result import RiskGroups, StudyResult
from tasks.modelling.evaluation.study import Study
from tasks.reports.figures import COLOURS, MUTED, Plot, draw, grid, wrapped
from tasks.reports.labels import blocks_label, held_out_label, model_label, split_label
from tasks.reports.number_format import p_value
from tasks.reports.outcome_figures.outcome_figure import OutcomeFigure
from tasks.reports.winner import Winner

_GROUPS = (("High risk", True, COLOURS[1]), ("Low risk", False, COLOURS[0]))
LETTERS = 52  # of a line of the title
_UNITS = (("years", 365.25, 3.0), ("months", 30.4375, 4.0), ("days", 1.0, 0.0))  # unit, days, used from so many of it


class KaplanMeier(OutcomeFigure):
    """The risk groups of the best combination and of the clinical baseline, each with the model of the winner.

    Those of the best combination also of each cohort of held-out cases.
    """

    kind: Literal["kaplan_meier"] = "kaplan_meier"
    heading: ClassVar[str] = "Risk groups"

    def plots(self, study: Study, result: StudyResult, winner: Winner) -> list[Plot]:
        best = winner.best.blocks if winner.best else next((n for n in study.blocks if n != "clinical"), "clinical")
        wanted = dict.fromkeys(name for name in (best, "clinical") if name in result.blocks)
        groups = [
            group
            for name in wanted
            for group in result.groups
            if (group.blocks, group.model) == (name, winner.models[name])
            and (group.split == winner.split or (group.cohort and name == best))
        ]
        return [_figure(study, result, group) for group in groups]


def _figure(study: Study, result: StudyResult, group: RiskGroups) -> Plot:
    table = result.predictions
    rows = table[
        (table["repeat"] == 0)
        & (table["split"] == group.split)
        & (table["blocks"] == group.blocks)
        & (table["model"] == group.model)
        & ((table["cohort"] == group.cohort) | (not group.cohort))
    ]
    time, high = rows["time"].to_numpy(dtype=np.float64), rows["high_risk"].to_numpy(dtype=bool)
    unit, days = next((u, d) for u, d, least in _UNITS if time.max() / d >= least)
    ticks = _ticks(float(time.max()) / days)
    of_cohort = f", {held_out_label(group.split, group.cohort)}" if group.cohort else ""
    name = f"{blocks_label(study, group.blocks)}, {model_label(group.model)}{of_cohort}"
    p = p_value(group.p) if group.p is not None else f"not available ({group.reason})"

    def paint(figure: Figure) -> None:
        axes, below = figure.subplots(2, 1, sharex=True, height_ratios=(6, 1))
        for label, is_high, colour in _GROUPS:
            curve = group.high if is_high else group.low
            if curve is not None:
                _steps(axes, curve, days, label, colour)
        axes.set_xlim(0, ticks[-1] if ticks[-1] * days >= time.max() else time.max() / days)
        axes.set_ylim(0, 1.02)
        axes.set_xticks(ticks, [f"{tick:g}" for tick in ticks])
        axes.tick_params(labelbottom=True)
        axes.set_ylabel("Event-free share")
        axes.set_xlabel(f"Time ({unit})")
        axes.set_title(wrapped(name, LETTERS), loc="left", fontweight="bold")
        axes.text(0.02, 0.04, f"log-rank {p}", transform=axes.transAxes, fontsize=8.5)
        axes.legend(loc="upper right", handlelength=1.6)
        grid(axes, "y")
        _at_risk(below, time / days, high, ticks)

    title = f"Kaplan–Meier curves by out-of-fold risk group: {name}"
    repeat = "" if group.cohort else ", first repeat"
    shared = "The" if group.cohort else "Folds share training cases, so the two-sided log-rank p is descriptive; it"
    meant = "two-sided log-rank p does not" if group.cohort else "does not"
    caption = (
        f"{title}, {split_label(group.split)}{repeat}. Groups are cut at the median score of each training fold. "
        f"Bands are 95 % intervals. {shared} {meant} tell which group fared better."
    )
    figure_id = f"figure-survival-{group.blocks}{'-' if group.cohort else ''}{group.cohort}"
    return Plot(figure_id, title, caption, draw(figure_id, title, (5.1, 4.5), paint))


def _steps(axes: Axes, curve: Curve, days: float, label: str, colour: str) -> None:
    x = np.array(curve.days) / days
    axes.fill_between(x, curve.low, curve.high, step="post", color=colour, alpha=0.13, linewidth=0)
    axes.step(x, curve.survival, where="post", color=colour, linewidth=1.7, label=_legend(label, curve))


def _legend(label: str, curve: Curve) -> str:
    return f"{label} (n = {curve.n}, events = {curve.events})"


def _at_risk(axes: Axes, time: NDArray[np.float64], high: NDArray[np.bool_], ticks: list[float]) -> None:
    """Numbers at risk just before each tick, in axes of their own below the curves."""
    axes.set_axis_off()
    axes.set_ylim(0, 3)
    place = axes.get_yaxis_transform()
    axes.text(-0.05, 2.5, "At risk", transform=place, fontsize=8, color=MUTED, ha="right", va="center")
    for i, (label, is_high, colour) in enumerate(_GROUPS):
        y = 1.5 - i
        axes.text(-0.05, y, label, transform=place, fontsize=8, color=colour, ha="right", va="center")
        for tick in ticks:
            count = int((time[high == is_high] >= tick).sum())
            axes.text(tick, y, str(count), fontsize=8, ha="center", va="center")


def _ticks(last: float) -> list[float]:
    """Round ticks from 0 up to `last`, four to eight of them."""
    raw = last / 5
    power = 10.0 ** math.floor(math.log10(raw))
    steps = (1.0, 2.0, 3.0, 6.0, 10.0) if last > 12 and power >= 1 else (1.0, 2.0, 5.0, 10.0)
    step = next(step * power for step in steps if step * power >= raw * 0.8)
    return [float(round(i * step, 6)) for i in range(int(last / step) + 1)]
