"""Curves of out-of-fold risk groups, with numbers at risk: what the figures over follow-up share."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from features.core.kinds.endpoint import Timed
from features.core.wording import counted
from tasks.modelling.curves.curve import Curve
from tasks.modelling.curves.horizon import until_horizon
from tasks.modelling.evaluation.result import RiskGroups, StudyResult
from tasks.modelling.evaluation.study import Study
from tasks.reports.figures import COLOURS, MUTED, Plot, draw, grid, wrapped
from tasks.reports.number_format import p_value
from tasks.reports.outcome_figures.outcome_figure import Shown, best_and_clinical
from tasks.reports.winner import Winner

_GROUPS = (("High risk", True, COLOURS[1]), ("Low risk", False, COLOURS[0]))
LETTERS = 52  # of a line of the title
_UNITS = (("years", 365.25, 3.0), ("months", 30.4375, 4.0), ("days", 1.0, 0.0))  # unit, days, used from so many of it


@dataclass(frozen=True, slots=True)
class Look:
    """How such a figure is named and read. test: name of the test, in the figure; meant: what its p is, in the caption."""

    id: str
    title: str
    share: str
    legend: Literal["best", "upper right"]
    test: str
    meant: str


def risk_curves(study: Study, result: StudyResult, winner: Winner, look: Look) -> list[Plot]:
    """The risk groups of the best combination, also by held-out cohort, and of the clinical baseline, as far as they have a cut."""
    groups = {(one.split, one.blocks, one.model, one.cohort): one for one in result.groups}
    shown = [
        (one, groups[one.split, one.blocks, one.model, one.cohort]) for one in best_and_clinical(study, result, winner)
    ]
    return [_figure(study, result, one, group, look) for one, group in shown if group.high or group.low]


def _figure(study: Study, result: StudyResult, shown: Shown, group: RiskGroups, look: Look) -> Plot:
    rows, endpoint = shown.rows(result.predictions), result.endpoint
    without = int(rows["high_risk"].isna().sum())
    rows = rows[rows["high_risk"].notna()]
    horizon = endpoint.horizon_days if isinstance(endpoint, Timed) else None
    event, high = rows["event"].to_numpy(dtype=np.bool_), rows["high_risk"].to_numpy(dtype=bool)
    time, _ = until_horizon(rows["time"].to_numpy(dtype=np.float64), event, horizon)
    unit, days = next((u, d) for u, d, least in _UNITS if time.max() / d >= least)
    ticks = _ticks(float(time.max()) / days)
    name = shown.name(study)
    p = p_value(group.p) if group.p is not None else f"not available ({group.reason})"
    tested = wrapped(f"{look.test} {p}", LETTERS)

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
        axes.set_ylabel(look.share)
        axes.set_xlabel(f"Time ({unit})")
        axes.set_title(wrapped(name, LETTERS), loc="left", fontweight="bold")
        axes.legend(loc=look.legend, handlelength=1.6, title=tested, title_fontsize=8.5, alignment="left")
        grid(axes, "y")
        _at_risk(below, time / days, high, ticks)

    group_word, cut = (
        ("risk group", "of the training cases")
        if shown.cohort
        else ("out-of-fold risk group", "of the fold's training cases")
    )
    title = f"{look.title} by {group_word}: {name}"
    folds = "" if shown.cohort else " Folds share training cases, so p is descriptive."
    stops = (
        f" Follow-up ends at the endpoint's horizon of {horizon:g} days; later events do not count." if horizon else ""
    )
    left = (
        f" {counted(without, 'case')} of folds without a cut {'is' if without == 1 else 'are'} in no group."
        if without
        else ""
    )
    caption = (
        f"{title}, {shown.under}. Groups are cut at the median out-of-fold risk {cut}. "
        f"Bands are 95 % intervals. {look.meant}{folds}{stops}{left}"
    )
    figure_id = f"{look.id}-{shown.id}"
    return Plot(figure_id, title, caption, draw(figure_id, title, (5.1, 4.5), paint))


def _steps(axes: Axes, curve: Curve, days: float, label: str, colour: str) -> None:
    x = np.array(curve.days) / days
    axes.fill_between(x, curve.low, curve.high, step="post", color=colour, alpha=0.13, linewidth=0)
    axes.step(x, curve.share, where="post", color=colour, linewidth=1.7, label=_legend(label, curve))


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
