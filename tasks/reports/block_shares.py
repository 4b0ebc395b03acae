"""Figure of shares: a bar for each combination, cut into its blocks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from matplotlib.figure import Figure
from matplotlib.patches import Patch

from tasks.modelling.evaluation.result import Share
from tasks.modelling.evaluation.study import Study
from tasks.reports.figures import COLOURS, Plot, draw, grid, wrapped
from tasks.reports.labels import blocks_label
from tasks.reports.plain_labels import model_label

LETTERS = 36  # of a line of a name
TOLD = 0.08  # the least share that has room for its number
_LINE_INCHES, _FRAME_INCHES = 0.16, 1.0


def share_figure(study: Study, shares: Mapping[tuple[str, str], Sequence[Share]], split: str) -> Plot:
    """Bars of the shares of blocks. shares: set of blocks and candidate → its blocks. split: in words, for the caption."""
    labels = [f"{wrapped(blocks_label(study, name), LETTERS)}\n{model_label(model)}" for name, model in shares]
    blocks = list(dict.fromkeys(one.block for own in shares.values() for one in own))
    colours = {block: COLOURS[i % len(COLOURS)] for i, block in enumerate(blocks)}

    def paint(figure: Figure) -> None:
        axes = figure.subplots()
        for row, own in enumerate(shares.values()):
            left = 0.0
            for one in own:
                axes.barh(row, one.share, 0.62, left, color=colours[one.block], edgecolor="white", linewidth=0.8)
                if one.share >= TOLD:
                    middle = left + one.share / 2
                    axes.text(
                        middle, row, f"{100 * one.share:.0f} %", color="white", fontsize=8, ha="center", va="center"
                    )
                left += one.share
        axes.set_xlim(0, 1)
        axes.set_ylim(len(labels) - 0.5, -0.5)
        axes.set_yticks(range(len(labels)), labels)
        axes.set_xticks([0, 0.25, 0.5, 0.75, 1], ["0", "25 %", "50 %", "75 %", "100 %"])
        axes.set_xlabel("Share of the prediction")
        axes.tick_params(axis="y", length=0)
        axes.spines["left"].set_visible(False)
        grid(axes, "x")
        keys = [Patch(color=colours[block], label=block) for block in blocks]
        figure.legend(handles=keys, loc="outside lower center", ncols=min(len(keys), 5))

    title = "What each block contributed to each combination"
    lines = sum(label.count("\n") + 1 for label in labels)
    height = _FRAME_INCHES + _LINE_INCHES * (lines + len(labels)) + 0.25 * -(-len(blocks) // 5)
    caption = f"{title}: mean shares over the folds of {split}. A bar that is empty, or short, is of folds that chose nothing."
    return Plot("figure-shares", title, caption, draw("figure-shares", title, (8.6, height), paint), wide=True)
