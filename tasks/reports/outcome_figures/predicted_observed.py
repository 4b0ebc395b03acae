"""Predicted against seen numbers, out of fold."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, Literal

import numpy as np
from matplotlib.figure import Figure

from features.endpoints.continuous import Continuous
from tasks.modelling.evaluation.result import StudyResult
from tasks.modelling.evaluation.study import Study
from tasks.reports.figures import COLOURS, MARKERS, MUTED, Plot, draw, grid, wrapped
from tasks.reports.labels import metric_word
from tasks.reports.number_format import decimal, interval
from tasks.reports.outcome_figures.outcome_figure import OutcomeFigure, Shown, best_and_clinical
from tasks.reports.winner import Winner, find_score

LETTERS = 50  # of a line of the title
AXIS = 44  # letters of a line of an axis
MOST = len(COLOURS)  # centres that are told apart


class PredictedObserved(OutcomeFigure):
    """A dot for each case; on the line the prediction is what was seen."""

    kind: Literal["predicted_observed"] = "predicted_observed"
    heading: ClassVar[str] = "Predicted and seen"

    def plots(self, study: Study, result: StudyResult, winner: Winner, variables: Mapping[str, str]) -> list[Plot]:
        assert isinstance(result.endpoint, Continuous)
        column = result.endpoint.column
        label = variables.get(column, column)
        return [_figure(study, result, one, label) for one in best_and_clinical(study, result, winner)]


def _figure(study: Study, result: StudyResult, shown: Shown, label: str) -> Plot:
    rows = shown.rows(result.predictions)
    seen, predicted = (rows[column].to_numpy(np.float64) for column in ("value", "score"))
    centre = rows["centre"].to_numpy(str)
    centres = np.unique(centre) if len(np.unique(centre)) <= MOST else np.array([""])
    low, high = float(min(seen.min(), predicted.min())), float(max(seen.max(), predicted.max()))
    edge = 0.04 * (high - low or 1.0)
    limits = low - edge, high + edge
    name = shown.name(study)

    def paint(figure: Figure) -> None:
        axes = figure.subplots()
        axes.plot(limits, limits, color=MUTED, linewidth=0.8, linestyle=(0, (4, 3)))
        for i, one in enumerate(centres):
            own = (centre == one) | (one == "")
            axes.plot(
                seen[own],
                predicted[own],
                linestyle="none",
                color=COLOURS[i],
                marker=MARKERS[i],
                markersize=4.5,
                markeredgecolor="white",
                alpha=0.8,
                label=one,
            )
        axes.set_xlim(limits)
        axes.set_ylim(limits)
        axes.set_aspect("equal")
        axes.set_xlabel(wrapped(f"Seen: {label}", AXIS))
        axes.set_ylabel(wrapped(f"Predicted: {label}", AXIS))
        axes.set_title(wrapped(name, LETTERS), loc="left", fontweight="bold")
        grid(axes, "both")
        if len(centres) > 1:
            figure.legend(loc="outside lower center", ncols=3, handletextpad=0.2)

    title = f"Predicted and seen {label}: {name}"
    colours = " Colours are centres." if len(centres) > 1 else ""
    caption = (
        f"{title}, {shown.under}; {_score(result, shown)}. On the dashed line the prediction is what was seen.{colours} "
        "Each case is predicted by a model that did not train on it."
    )
    figure_id = f"figure-predicted-{shown.id}"
    height = 4.9 + 0.2 * -(-len(centres) // 3) * (len(centres) > 1)
    return Plot(figure_id, title, caption, draw(figure_id, title, (4.9, height), paint))


def _score(result: StudyResult, shown: Shown) -> str:
    """The first metric of the whole combination."""
    metric = result.endpoint.metrics[0]
    score = find_score(result, shown.split, shown.blocks, shown.model, metric, shown.cohort)
    if score is None or score.value is None:
        return f"{metric_word(metric)} not available"
    bounds = interval(score.low, score.high)
    return f"{metric_word(metric)} {decimal(score.value)}" + (f" (95 % CI {bounds})" if bounds else "")
