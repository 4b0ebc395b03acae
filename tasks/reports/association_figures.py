"""Figures of associations: forest, volcano, the cases of the first ones, columns with each other."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from features.core.wording import counted
from tasks.modelling.association.result import Association, Shown, Together
from tasks.modelling.effects.effect import Floats
from tasks.reports.association_rows import effect_label, exact_p
from tasks.reports.association_section import AssociationFindings
from tasks.reports.figures import COLOURS, MARKERS, MUTED, Plot, draw, grid, wrapped
from tasks.reports.plain_labels import feature_label

MOST_ROWS = 16  # of a forest
LETTERS = 52
TICKS = (0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100)  # of ratios
LEAST_P = 1e-30  # smaller ones stand at the upper edge
BLOCKS = len(COLOURS)


def forest_of(found: AssociationFindings, word: str, rows: Sequence[Association]) -> Plot:
    """The first rows of one effect by p, each with its 95 % interval, and what no association gives."""
    effect, shown = found.effect(word), rows[:MOST_ROWS]
    labels = [broken(_pair(found, row)) for row in shown]
    name = effect_label(found, word)

    def paint(figure: Figure) -> None:
        axes = figure.subplots()
        for i, row in enumerate(shown):
            colour = COLOURS[0] if row.discovery else MUTED
            if row.low is not None and row.high is not None:
                axes.plot([row.low, row.high], [i, i], color=colour, linewidth=1.5, solid_capstyle="butt")
            axes.plot(
                [_value(row)],
                [i],
                marker="o" if row.discovery else "s",
                color=colour,
                markersize=5,
                markeredgecolor="white",
            )
        axes.axvline(effect.null, color=MUTED, linewidth=0.8, linestyle=(0, (4, 3)))
        if effect.ratio:
            _ratio_axis(axes)
        axes.set_yticks(range(len(shown)), labels)
        axes.set_ylim(len(shown) - 0.5, -0.5)
        axes.set_xlabel(name)
        grid(axes, "x")
        axes.tick_params(axis="y", length=0)

    title = f"The first {counted(len(shown), 'association')} by p: {name}"
    caption = (
        f"{title}, with 95 % intervals, which do not correct for the number of tests. Round blue dots are discoveries; "
        "the dashed line is no association. The first of many are larger here than in other cases."
    )
    id_ = f"figure-forest-{word.replace('_', '-')}"
    height = 0.9 + sum(0.17 * (label.count("\n") + 1) + 0.1 for label in labels)
    return Plot(id_, title, caption, draw(id_, title, (8.6, height), paint), wide=True)


def volcano(found: AssociationFindings, word: str, rows: Sequence[Association]) -> Plot:
    """Every row of one effect: how strong it is, and how unlikely by chance."""
    effect, name = found.effect(word), effect_label(found, word)
    blocks = list(dict.fromkeys(row.block for row in rows))
    limit = max((row.p for row in found.result.discoveries if row.p is not None), default=None)

    def paint(figure: Figure) -> None:
        axes = figure.subplots()
        for i, block in enumerate(blocks):
            own = [row for row in rows if row.block == block]
            axes.plot(
                [_value(row) for row in own],
                [-math.log10(max(row.p or 0.0, LEAST_P)) for row in own],
                linestyle="none",
                marker=MARKERS[i % len(MARKERS)],
                color=COLOURS[i % BLOCKS],
                markersize=4.5,
                markeredgecolor="white",
                alpha=0.85,
                label=block,
            )
        axes.axvline(effect.null, color=MUTED, linewidth=0.8, linestyle=(0, (4, 3)))
        if limit is not None:
            axes.axhline(-math.log10(max(limit, LEAST_P)), color=COLOURS[6], linewidth=0.8)
        if effect.ratio:
            _ratio_axis(axes)
        axes.set_xlabel(wrapped(name, 44))
        axes.set_ylabel("−log₁₀ p")
        axes.set_ylim(bottom=0)
        grid(axes, "both")
        figure.legend(loc="outside lower center", ncols=min(len(blocks), 3), handletextpad=0.2)

    title = f"Every association: {name}"
    line = "from the line up are discoveries" if limit is not None else "none is a discovery"
    caption = f"{title}: {counted(len(rows), 'test')}; {line}. Colours are blocks."
    id_ = f"figure-volcano-{word.replace('_', '-')}"
    return Plot(id_, title, caption, draw(id_, title, (4.9, 4.4), paint))


def cases_of(found: AssociationFindings, shown: Shown, number: int) -> Plot:
    """The cases of one association: a scatter plot with a number or ranks, boxes of classes, lines of visits."""
    label, variable = feature_label(shown.row.column, found.facts.variables), found.variable(shown.row.variable)

    def paint(figure: Figure) -> None:
        axes = figure.subplots()
        if shown.sample.visit_days is not None:
            _courses(axes, shown)
            axes.set_xlabel("Days")
        elif shown.sample.kind in ("flag", "classes", "ranks"):
            _boxes(axes, shown)
            axes.set_xlabel(broken(variable, 44))
        else:
            _dots(axes, shown)
            axes.set_xlabel(broken(variable, 44))
        axes.set_ylabel(broken(label, 40))
        grid(axes, "y")
        handles, names = axes.get_legend_handles_labels()
        if len(names) > 1:
            figure.legend(handles, names, loc="outside lower center", ncols=3, handletextpad=0.2)

    title = f"{label} and {variable}"
    how = "each line is a patient" if shown.sample.visit_days is not None else "each dot is a case"
    p = "" if shown.row.p is None else f", {exact_p(shown.row.p)}"
    caption = f"{title}; {how}. {effect_label(found, shown.row.effect)}{p} before correction, n = {len(shown.sample)}."
    id_ = f"figure-cases-{number}"
    return Plot(id_, title, caption, draw(id_, title, (4.6, 4.2), paint))


def _dots(axes: Axes, shown: Shown) -> None:
    assert shown.sample.y is not None
    for i, centre in enumerate(_centres(shown)):
        own = (shown.centres == centre) | (centre == "")
        axes.plot(
            shown.sample.y[own],
            shown.sample.x[own],
            linestyle="none",
            marker=MARKERS[i],
            color=COLOURS[i],
            markersize=4.5,
            markeredgecolor="white",
            alpha=0.8,
            label=centre,
        )


def _boxes(axes: Axes, shown: Shown) -> None:
    assert shown.sample.y is not None
    codes = np.unique(shown.sample.y)
    parts = [shown.sample.x[shown.sample.y == code] for code in codes]
    axes.boxplot(parts, positions=range(len(codes)), widths=0.5, showfliers=False, medianprops={"color": COLOURS[1]})
    for i, part in enumerate(parts):
        place = i + np.linspace(-0.18, 0.18, len(part)) if len(part) > 1 else np.array([float(i)])
        axes.plot(place, np.sort(part), linestyle="none", marker="o", markersize=3, color=COLOURS[0], alpha=0.6)
    axes.set_xticks(range(len(codes)), [_level(shown, code) for code in codes])


def _level(shown: Shown, code: float) -> str:
    levels = () if shown.variable is None else shown.variable.levels
    if levels:
        return levels[int(code)]
    return ("no", "yes")[int(code)] if shown.sample.kind == "flag" else f"{code:g}"


def _courses(axes: Axes, shown: Shown) -> None:
    sample = shown.sample
    assert sample.visit_days is not None
    seen: set[str] = set()
    for patient in np.unique(sample.patients):
        own = np.flatnonzero(sample.patients == patient)
        own = own[np.argsort(sample.visit_days[own], kind="stable")]
        group = 0 if sample.y is None or sample.kind != "flag" else int(sample.y[own[0]])
        label = "" if sample.y is None or sample.kind != "flag" else _level(shown, group)
        axes.plot(
            sample.visit_days[own],
            sample.x[own],
            color=COLOURS[group],
            linewidth=0.8,
            marker="o",
            markersize=2.5,
            alpha=0.6,
            label=label if label not in seen else "_",
        )
        seen.add(label)


def _centres(shown: Shown) -> list[str]:
    names: list[str] = np.unique(shown.centres).tolist()
    return names if 1 < len(names) <= len(MARKERS) else [""]


def heatmap(found: AssociationFindings, together: Together) -> Plot:
    """Spearman's ρ of columns with each other, block by block."""
    labels = [broken(feature_label(column, found.facts.variables)) for column in together.columns]

    def paint(figure: Figure) -> None:
        axes = figure.subplots()
        image = axes.imshow(together.rho, cmap="RdBu_r", vmin=-1, vmax=1, interpolation="nearest")
        axes.set_yticks(range(len(labels)), labels, fontsize=6.5)
        axes.set_xticks([])
        edges = [i for i in range(1, len(labels)) if together.blocks[i] != together.blocks[i - 1]]
        for edge in edges:
            axes.axhline(edge - 0.5, color="white", linewidth=1.6)
            axes.axvline(edge - 0.5, color="white", linewidth=1.6)
        figure.colorbar(image, ax=axes, shrink=0.7, label="Spearman’s ρ")

    title = "How the tested columns go together"
    told = between_blocks(together)
    caption = (
        f"{title}: Spearman’s ρ of the first {counted(len(labels), 'column')} by p, from left to right as from "
        f"top to bottom; white lines part blocks. {told}Columns that go together are one finding rather than many."
    )
    height = max(4.0, 0.17 * len(labels) + 1.2)
    return Plot("figure-columns", title, caption, draw("figure-columns", title, (8.6, height), paint), wide=True)


def between_blocks(together: Together) -> str:
    """The strongest ρ between columns of two blocks; "" of one block."""
    blocks = np.array(together.blocks)
    apart: Floats = np.where((blocks[:, None] != blocks) & np.isfinite(together.rho), together.rho, 0.0)
    if not apart.any():
        return ""
    i, j = np.unravel_index(int(np.argmax(np.abs(apart))), apart.shape)
    pair = f"{together.columns[i]} and {together.columns[j]}"
    return f"The strongest between two blocks is {apart[i, j]:.2f}, of {pair}. "


def broken(name: str, letters: int = LETTERS) -> str:
    """A name in lines of at most so many letters, broken behind blanks and underscores as far as there are any.

    >>> broken("radweave__pet_suv__original_firstorder_Energy", 24)
    'radweave__pet_suv__\\noriginal_firstorder_\\nEnergy'
    """
    lines = [""]
    for part in re.findall(r"[^_ ]*[_ ]*", name):
        if lines[-1] and len(lines[-1] + part.rstrip()) > letters:
            lines.append("")
        lines[-1] += part
    return "\n".join(wrapped(line.rstrip(" "), letters) for line in lines)


def _ratio_axis(axes: Axes) -> None:
    """A logarithmic axis with few round ticks."""
    axes.set_xscale("log")
    low, high = axes.get_xlim()
    ticks = [tick for tick in TICKS if low <= tick <= high]
    axes.set_xticks(ticks, [f"{tick:g}" for tick in ticks])
    axes.set_xticks([], minor=True)


def _value(row: Association) -> float:
    return math.nan if row.value is None else row.value


def _pair(found: AssociationFindings, row: Association) -> str:
    label = feature_label(row.column, found.facts.variables)
    return f"{label} · {found.variable(row.variable)}" if len(found.result.variables) > 1 else label
