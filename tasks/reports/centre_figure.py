"""Figure of how well centres are told: a dot for each set of blocks, joined to what chance gives."""

from __future__ import annotations

from collections.abc import Sequence

from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from tasks.modelling.evaluation.centre_told import CentreTold
from tasks.reports.figures import COLOURS, MUTED, Plot, draw, grid, wrapped

LETTERS = 36  # of a line of a name
_LINE_INCHES, _FRAME_INCHES = 0.17, 1.0
_BEFORE, _AFTER = COLOURS[0], COLOURS[2]


def centre_figure(told: Sequence[tuple[str, CentreTold]]) -> Plot:
    """Name and row of each; only those with a value."""
    labels = ["\n".join(wrapped(line, LETTERS) for line in name.split("\n")) for name, _ in told]
    ends = [end for _, one in told for end in (one.value, one.chance) if end is not None]
    has_after = any(one.model for _, one in told)

    def paint(figure: Figure) -> None:
        axes = figure.subplots()
        axes.axvline(0.5, color=MUTED, linewidth=0.8, linestyle=(0, (4, 3)))
        for row, (_, one) in enumerate(told):
            assert one.value is not None
            colour = _AFTER if one.model else _BEFORE
            if one.chance is not None:
                axes.plot([one.chance, one.value], [row, row], color=colour, linewidth=1.4, alpha=0.5)
                axes.plot([one.chance], [row], marker="|", markersize=9, color=MUTED, linestyle="none")
            axes.plot(
                [one.value], [row], marker="s" if one.model else "o", markersize=6, color=colour, linestyle="none"
            )
        axes.set_xlim(min(0.45, *(end - 0.03 for end in ends)), 1.01)
        axes.set_ylim(len(labels) - 0.5, -0.5)
        axes.set_yticks(range(len(labels)), labels)
        axes.set_xlabel("AUC of telling the centre")
        axes.tick_params(axis="y", length=0)
        axes.spines["left"].set_visible(False)
        grid(axes, "x")
        keys = [_key("o", _BEFORE, "as they come"), *([_key("s", _AFTER, "harmonised")] if has_after else [])]
        figure.legend(handles=[*keys, _key("|", MUTED, "by chance")], loc="outside lower center", ncols=3)

    title = "How well the features of a case tell its centre"
    height = _FRAME_INCHES + _LINE_INCHES * (sum(label.count("\n") + 1 for label in labels) + len(labels))
    caption = f"{title}. The dashed line is 0.5, which tells nothing; the tick is what shuffled centres give."
    return Plot(
        "figure-centre-told", title, caption, draw("figure-centre-told", title, (8.6, height), paint), wide=True
    )


def _key(marker: str, colour: str, label: str) -> Line2D:
    return Line2D([], [], color=colour, marker=marker, linestyle="none", label=label)
