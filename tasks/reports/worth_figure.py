"""Figure of stability beside worth: a numbered dot for each source of columns."""

from __future__ import annotations

import math
from collections.abc import Sequence

from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from tasks.modelling.evaluation.result import Worth
from tasks.modelling.metrics.metric import METRICS
from tasks.reports.figures import COLOURS, MUTED, Plot, draw, grid
from tasks.reports.labels import metric_label

_LOOKS = {"deep": ("s", COLOURS[1], "network"), "radiomics": ("o", COLOURS[0], "handcrafted family")}


def worth_figure(worth: Sequence[tuple[int, Worth]], good: float) -> Plot | None:
    """Number in the table and row of each; None if none has both a score and an ICC."""
    drawn = [(n, one) for n, one in worth if one.score.value is not None and math.isfinite(one.source.median_icc)]
    if not drawn:
        return None
    metric = drawn[0][1].score.metric
    judged = METRICS.parse(metric)
    blocks = list(dict.fromkeys(one.source.block for _, one in drawn))

    def paint(figure: Figure) -> None:
        axes = figure.subplots()
        for n, one in drawn:
            marker, colour, _ = _LOOKS[one.source.block]
            x, y, low, high = one.source.median_icc, one.score.value or 0.0, one.score.low, one.score.high
            if low is not None and high is not None:
                axes.plot([x, x], [low, high], color=colour, linewidth=1.2, alpha=0.55, zorder=2)
            axes.plot([x], [y], marker=marker, markersize=12, color=colour, markeredgecolor="white", zorder=3)
            axes.annotate(str(n), (x, y), color="white", fontsize=7.5, ha="center", va="center", zorder=4)
        if judged.chance is not None:
            axes.axhline(judged.chance, color=MUTED, linewidth=0.8, linestyle=(0, (4, 3)), zorder=1)
        axes.axvline(good, color=MUTED, linewidth=0.8, linestyle=(0, (1, 2)), zorder=1)
        axes.set_xlim(min(0.0, *(one.source.median_icc - 0.05 for _, one in drawn)), 1.03)
        axes.set_xlabel("Median ICC(2,1) of the columns under perturbation")
        axes.set_ylabel(f"{metric_label(metric)} of the columns alone")
        grid(axes, "both")
        keys = [
            Line2D([], [], marker=marker, color=colour, linestyle="none", markersize=8, label=label)
            for block in blocks
            for marker, colour, label in [_LOOKS[block]]
        ]
        figure.legend(handles=keys, loc="outside lower center", ncols=len(keys))

    title = "Stability beside worth"
    chance = f"; the dashed line is {judged.chance_is}" if judged.chance is not None else ""
    caption = (
        f"{title}. Numbers are those of the table; bars are 95 % intervals{chance}; the dotted one is an ICC of {good}."
    )
    return Plot("figure-stability", title, caption, draw("figure-stability", title, (8.6, 4.2), paint), wide=True)
