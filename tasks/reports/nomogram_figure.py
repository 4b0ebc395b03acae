"""Nomogram: an axis for each column, their points, the total and what it predicts."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from tasks.modelling.evaluation.nomogram import Nomogram, round_ticks
from tasks.reports.figures import HAIRLINE, INK, MUTED, Plot, draw, wrapped

_LETTERS = 34  # of a line of a name
_ROW_INCHES = 0.52
_LEFT = -45.0  # where names begin, in points of the upper scale
_NEAR = 4.0  # ticks nearer than so many points of the page share no label
Tick = tuple[float, str]


def nomogram_figure(nomogram: Nomogram, name: str) -> Plot:
    """All axes below one another, each with a tick for each of its round values."""
    full = round_ticks(0.0, nomogram.total)
    across = 100.0 / full[-1]
    lines: list[tuple[str, list[Tick]]] = [("Points", [(float(k), str(k)) for k in range(0, 101, 10)])]
    for axis in nomogram.axes:
        label = f"{axis.column} ({axis.unit})" if axis.unit and not axis.is_flag else axis.column
        words: Callable[[float], str] = (lambda v: "yes" if v else "no") if axis.is_flag else "{:g}".format
        lines.append((label, [(axis.score(value) / nomogram.per_point, words(value)) for value in axis.ticks]))
    lines.append(("Total points", [(points * across, f"{points:g}") for points in full]))
    predicted = [(points * across, f"{chance:g}") for chance, points in nomogram.chances()]
    lines.append((nomogram.predicted.capitalize(), predicted))

    def paint(figure: Figure) -> None:
        axes = figure.subplots()
        axes.set_axis_off()
        axes.set_xlim(_LEFT, 104)
        axes.set_ylim(-len(lines) + 0.4, 0.7)
        for row, (label, ticks) in enumerate(lines):
            _line(axes, -float(row), label, ticks)
        for x in range(0, 101, 10):
            axes.vlines(x, -len(nomogram.axes) - 0.1, 0, color=HAIRLINE, linewidth=0.5, zorder=0)

    title = f"Nomogram: {name}"
    caption = (
        f"{title}. Read the points of each value off the upper scale, add them up, and read below the total what is predicted; "
        "nomogram.csv holds the same numbers."
    )
    return Plot(
        "figure-nomogram",
        title,
        caption,
        draw("figure-nomogram", title, (8.6, 0.5 + _ROW_INCHES * len(lines)), paint),
        True,
    )


def _line(axes: Axes, y: float, label: str, ticks: Sequence[Tick]) -> None:
    axes.text(_LEFT, y, wrapped(label, _LETTERS), ha="left", va="center", color=INK)
    if not ticks:
        axes.text(0, y, "beyond 0.01 to 0.99 at any total", ha="left", va="center", color=MUTED)
        return
    places = [place for place, _ in ticks]
    axes.hlines(y, min(places), max(places), color=INK, linewidth=1.0)
    shown = -np.inf
    for place, text in sorted(ticks):
        axes.vlines(place, y, y + 0.12, color=INK, linewidth=0.8)
        if place - shown >= _NEAR:
            axes.text(place, y + 0.16, text, ha="center", va="bottom", fontsize=8)
            shown = place
