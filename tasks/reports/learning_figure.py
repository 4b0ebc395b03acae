"""The learning curve: what each set of blocks scores by the share of training cases."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from matplotlib.figure import Figure

from tasks.reports.figures import COLOURS, MARKERS, Plot, draw, grid, wrapped


@dataclass(frozen=True)
class Learning:
    """label: of the set of blocks. points: percent of the training cases, rising, and the score."""

    label: str
    points: tuple[tuple[float, float], ...]


def learning_figure(curves: Sequence[Learning], metric: str) -> Plot:
    """A line for each set of blocks; the last point is the score as it is."""

    def paint(figure: Figure) -> None:
        axes = figure.subplots()
        for i, one in enumerate(curves):
            colour, marker = COLOURS[i % len(COLOURS)], MARKERS[i % len(MARKERS)]
            share, score = zip(*one.points, strict=True)
            axes.plot(
                share, score, color=colour, marker=marker, markersize=5, linewidth=1.4, label=wrapped(one.label, 40)
            )
        axes.set_xlim(0, 104)
        axes.set_xlabel("Training cases of each fold (%)")
        axes.set_ylabel(wrapped(metric, 40))
        grid(axes, "y")
        axes.legend(loc="center left", bbox_to_anchor=(1.02, 0.5))

    title = "Learning curve"
    caption = (
        f"{metric} of the same test cases by the share of the training patients of each fold, in one repeat. At 100 % all train. "
        "A curve that still rises would rise with more cases."
    )
    return Plot("figure-learning_curve", title, caption, draw("figure-learning_curve", title, (7.2, 3.4), paint))
