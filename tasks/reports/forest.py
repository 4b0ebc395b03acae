"""Forest figure: a dot and its interval per combination, a panel per split, or per cohort of held-out cases."""

from __future__ import annotations

import math

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from tasks.modelling.evaluation.result import Score, StudyResult
from tasks.modelling.evaluation.study import Study
from tasks.modelling.metrics.metric import METRICS
from tasks.reports.figures import COLOURS, MARKERS, MUTED, SHADE, Plot, draw, grid, wrapped
from tasks.reports.labels import blocks_label, is_baseline, metric_label
from tasks.reports.number_format import decimal
from tasks.reports.plain_labels import NESTED, WITHIN, capital, held_out_label, model_label

_DODGE = 0.26  # rows between two models of one set of blocks
PANELS = 4  # side by side
LETTERS = 36  # of a line of a name
_LINE_INCHES = 0.16
_ROW_INCHES, _MODEL_INCHES, _FRAME_INCHES = 0.2, 0.17, 1.15


def forest(study: Study, result: StudyResult, metric: str) -> Plot:
    """Scores over all centres of every combination, with their 95 % intervals and what chance gives.

    Scores within centres have a panel of their own, the first one.
    """
    shown = _panels(study, result, metric)
    names, kinds = list(result.blocks), [candidate.name for candidate in study.models]
    found = {
        (score.split, score.cohort, score.within, score.blocks, score.model): score
        for score in result.scores
        if score.metric == metric and not score.centre
    }
    labels = [_name(study, name) for name in names]
    lines = max(label.count("\n") + 1 for label in labels)
    ends = (score.value if score.low is None else score.low for score in found.values())
    lines_of_panels = math.ceil(len(shown) / PANELS)
    across = math.ceil(len(shown) / lines_of_panels)
    judged = METRICS.parse(metric)
    left = max(judged.least, min([judged.lowest, *(end - 0.02 for end in ends if end is not None)]))

    def paint(figure: Figure) -> None:
        figure.set_layout_engine("constrained", wspace=0.06)
        panels = figure.subplots(lines_of_panels, across, sharey=True, squeeze=False).ravel()
        for axes in panels[len(shown) :]:
            axes.set_axis_off()
        for axes, (panel, title) in zip(panels, shown.items(), strict=False):
            for row, name in enumerate(names):
                if is_baseline(name):
                    axes.axhspan(row - 0.5, row + 0.5, color=SHADE, linewidth=0, zorder=0)
                fitted = {candidate.name for candidate in study.candidates_of(name)}
                for i, kind in ((i, kind) for i, kind in enumerate(kinds) if kind in fitted):
                    y = row + (i - (len(kinds) - 1) / 2) * min(_DODGE, 0.7 / len(kinds))
                    _dot(axes, found.get((*panel, name, kind)), y, i, left)
            if judged.chance is not None:
                axes.axvline(judged.chance, color=MUTED, linewidth=0.8, linestyle=(0, (4, 3)))
            axes.set_xlim(left, 1.0)
            axes.set_ylim(len(names) - 0.5, -0.5)
            axes.set_yticks(range(len(names)), labels)
            axes.set_xlabel(metric_label(metric))
            axes.set_title(title, loc="left", fontweight="bold")
            grid(axes, "x")
            axes.tick_params(axis="y", length=0)
            axes.spines["left"].set_visible(False)
        if len(kinds) > 1:
            keys = [
                Line2D(
                    [], [], color=_colour(i), marker=_marker(i), markersize=5, linewidth=1.4, label=model_label(kind)
                )
                for i, kind in enumerate(kinds)
            ]
            figure.legend(handles=keys, loc="outside lower center", ncols=min(len(keys), 4))

    title = f"{metric_label(metric)} of every combination with its 95 % interval"
    row_inches = max(_ROW_INCHES + _MODEL_INCHES * len(kinds), 0.08 + _LINE_INCHES * lines)
    height = lines_of_panels * (_FRAME_INCHES + len(names) * row_inches) + 0.25 * math.ceil(len(kinds) / 4) * (
        len(kinds) > 1
    )
    figure_id = f"figure-forest-{metric}"
    outside = any(score.value is not None and score.value < left for score in found.values())
    arrows = f" Arrows stand for scores below {decimal(left)}." if outside else ""
    caption = (
        f"{title}. Shaded rows are baselines; the dashed line is {judged.chance_is}.{arrows} Of what the "
        "intervals are stands below the tables; they do not correct for the number of combinations."
    )
    return Plot(figure_id, title, caption, draw(figure_id, title, (8.6, height), paint), wide=True)


def _panels(study: Study, result: StudyResult, metric: str) -> dict[tuple[str, str, str], str]:
    """Split, cohort and within of each panel, with its title."""
    scores = [score for score in result.scores if score.metric == metric and not score.centre]
    found: dict[tuple[str, str, str], str] = {}
    for kind in sorted((split.kind for split in study.splits), key=lambda kind: kind != NESTED):
        own = list(dict.fromkeys((score.cohort, score.within) for score in scores if score.split == kind)) or [("", "")]
        for cohort, within in sorted(own, key=lambda pair: pair[1] != WITHIN):
            how = ",\nwithin centres" if within else ",\npooled over centres" if (cohort, WITHIN) in own else ""
            title = held_out_label(kind, cohort)
            found[kind, cohort, within] = (title if cohort else capital(title)) + how
    return found


def _dot(axes: Axes, score: Score | None, y: float, i: int, left: float) -> None:
    edge = axes.get_yaxis_transform()
    if score is None or score.value is None:
        axes.text(0.2, y, "not scored", transform=edge, color=MUTED, fontsize=7.5, va="center")
        return
    if score.value < left:
        axes.text(0.01, y, f"◂ {decimal(score.value)}", transform=edge, color=_colour(i), fontsize=7.5, va="center")
        return
    if score.low is not None and score.high is not None:
        axes.plot([score.low, score.high], [y, y], color=_colour(i), linewidth=1.5, solid_capstyle="butt")
    axes.plot([score.value], [y], marker=_marker(i), color=_colour(i), markersize=5.5, markeredgecolor="white")


def _colour(i: int) -> str:
    return COLOURS[i % len(COLOURS)]


def _marker(i: int) -> str:
    return MARKERS[i % len(MARKERS)]


def _name(study: Study, name: str) -> str:
    label = blocks_label(study, name)
    parts = [label, "(baseline)"] if is_baseline(name) else label.replace(" (", "\n(").split("\n")
    return "\n".join(wrapped(part, LETTERS) for part in parts)
