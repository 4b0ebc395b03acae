"""Predicted against seen classes, ranks or labels, out of fold."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from numpy.typing import NDArray

from tasks.modelling.evaluation.result import StudyResult
from tasks.modelling.evaluation.study import Study
from tasks.modelling.pairs import auc_pairs, share
from tasks.modelling.prediction import Prediction
from tasks.reports.figures import COLOURS, INK, Plot, draw, wrapped
from tasks.reports.number_format import decimal
from tasks.reports.outcome_figures.outcome_figure import OutcomeFigure, Shown, best_and_clinical
from tasks.reports.winner import Winner

LETTERS = 46  # of a line of the title
CELL = 14  # letters of a line of a name
_LABEL_COLUMNS = ("there,\npredicted", "there,\nmissed", "absent,\npredicted", "absent, not\npredicted")


@dataclass(frozen=True, eq=False)
class Matrix:
    """counts: (rows, columns); of: (rows, columns) the cases that each count is a part of."""

    rows: Sequence[str]
    columns: Sequence[str]
    counts: NDArray[np.intp]
    of: NDArray[np.intp]


class Confusion(OutcomeFigure):
    """How many cases of each class or rank are predicted to be of which; of labels, how often each is found and missed."""

    kind: Literal["confusion"] = "confusion"
    heading: ClassVar[str] = "Predicted and seen"

    def plots(self, study: Study, result: StudyResult, winner: Winner, variables: Mapping[str, str]) -> list[Plot]:  # noqa: ARG002
        return [_figure(study, result, one) for one in best_and_clinical(study, result, winner)]


def matrix(result: StudyResult, shown: Shown) -> Matrix:
    """The counts of a combination, first repeat. Names of classes and labels carry their AUC over all folds and repeats."""
    predicted = result.endpoint.predicted
    levels, seen, probability, fold, first = _cases(result, shown)
    names = list(levels)
    if predicted != "ranks":
        names = [f"{level}\n{_auc(seen[:, i], probability[:, i], fold)}" for i, level in enumerate(levels)]
    seen, probability = seen[first], probability[first]
    if predicted == "labels":
        said = probability > 0.5
        cells = [(seen & said), (seen & ~said), (~seen & said), (~seen & ~said)]
        counts = np.column_stack([cell.sum(axis=0) for cell in cells])
        there, absent = seen.sum(axis=0), (~seen).sum(axis=0)
        return Matrix(names, _LABEL_COLUMNS, counts, np.column_stack([there, there, absent, absent]))
    level = Prediction(probability=probability).level if predicted == "ranks" else probability.argmax(axis=1)
    counts = seen.astype(np.intp).T @ np.eye(len(levels), dtype=np.intp)[level]
    return Matrix(names, list(levels), counts, np.repeat(counts.sum(axis=1)[:, None], len(levels), axis=1))


def _cases(
    result: StudyResult, shown: Shown
) -> tuple[list[str], NDArray[np.bool_], NDArray[np.float64], NDArray[np.str_], NDArray[np.bool_]]:
    """Levels in their order; of each prediction what was seen and the probabilities, (n, levels), fold, and first repeat."""
    keys = ["split", "repeat", "fold", "blocks", "model", "case"]
    rows = shown.rows(result.predictions, first=False)
    table = result.probabilities
    levels = list(dict.fromkeys(table["level"]))
    wide = table.pivot_table(index=keys, columns="level", values="probability", observed=True)[levels]
    probability = wide.reindex(rows.set_index(keys).index).to_numpy(np.float64)
    there = [set(level.split(" + ")) if result.endpoint.predicted == "labels" else {level} for level in rows["level"]]
    seen = np.array([[level in own for level in levels] for own in there])
    fold = (rows["repeat"].astype(str) + "/" + rows["fold"].astype(str)).to_numpy(str)
    return levels, seen, probability, fold, (rows["repeat"] == 0).to_numpy(bool)


def _auc(seen: NDArray[np.bool_], probability: NDArray[np.float64], fold: NDArray[np.str_]) -> str:
    """The AUC of a class or label, cases compared within their fold."""
    parts = [np.flatnonzero(fold == one) for one in np.unique(fold)]
    value = share(auc_pairs(rows, seen[rows], probability[rows]) for rows in parts)
    return "no AUC" if value is None else f"AUC {decimal(value)}"


def _figure(study: Study, result: StudyResult, shown: Shown) -> Plot:
    found, labels = matrix(result, shown), result.endpoint.predicted == "labels"
    name = shown.name(study)
    down, across = found.counts.shape
    rows = ["\n".join(wrapped(line, 2 * CELL) for line in row.split("\n")) for row in found.rows]

    def paint(figure: Figure) -> None:
        axes = figure.subplots()
        for (i, j), count in np.ndenumerate(found.counts):
            of = int(found.of[i, j])
            part = count / of if of else 0.0
            axes.add_patch(Rectangle((j, i), 1, 1, color=COLOURS[0], alpha=0.04 + 0.9 * part, linewidth=0))
            text = f"{count}\n{100 * part:.0f} %" if of else "0"
            axes.text(j + 0.5, i + 0.5, text, ha="center", va="center", color="white" if part > 0.75 else INK)
        axes.set_xlim(0, across)
        axes.set_ylim(down, 0)
        axes.set_xticks(np.arange(across) + 0.5, [c if labels else wrapped(c, CELL) for c in found.columns])
        axes.set_yticks(np.arange(down) + 0.5, rows)
        axes.tick_params(length=0)
        for side in axes.spines.values():
            side.set_visible(False)
        if not labels:
            axes.set_xlabel("Predicted")
            axes.set_ylabel("Seen")
        axes.set_title(wrapped(name, LETTERS), loc="left", fontweight="bold")

    title = f"Predicted and seen {'labels' if labels else 'ranks' if result.endpoint.predicted == 'ranks' else 'classes'}: {name}"
    figure_id = f"figure-confusion-{shown.id}"
    size = 1.6 + max(0.95 * across, 3.4), 1.1 + 0.62 * down
    return Plot(
        figure_id, title, f"{title}, {shown.under}. {_meant(result, shown)}", draw(figure_id, title, size, paint)
    )


def _meant(result: StudyResult, shown: Shown) -> str:
    predicted = result.endpoint.predicted
    if predicted == "ranks":
        return "Percentages are of the cases of a row. The predicted rank is the first at which half of the probability is reached."
    folds = "" if shown.cohort else " over all folds and repeats, cases compared within their fold"
    if predicted == "labels":
        return (
            "Percentages are of the cases that have the label, or that do not. A label is predicted where its probability is "
            f"above one half. AUCs are of each label{folds}."
        )
    return (
        "Percentages are of the cases of a row. The predicted class is the most probable one. "
        f"AUCs are of each class against all others{folds}."
    )
