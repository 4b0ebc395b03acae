"""ROC figure of a binary study."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, Literal

import numpy as np
from matplotlib.figure import Figure

from tasks.modelling.curves import roc as curves
from tasks.modelling.evaluation.result import StudyResult
from tasks.modelling.evaluation.study import Study
from tasks.reports.figures import COLOURS, MUTED, Plot, draw, grid, wrapped
from tasks.reports.labels import blocks_label, is_baseline
from tasks.reports.number_format import decimal, interval
from tasks.reports.outcome_figures.outcome_figure import OutcomeFigure
from tasks.reports.plain_labels import NESTED, held_out_label, model_label, split_label
from tasks.reports.winner import Winner, find_score, held_out_cohorts

LETTERS = 60  # of a line of the legend


class Roc(OutcomeFigure):
    """One curve per set of blocks, for its best model; none if no curve is defined. Held-out cases have figures by cohort."""

    kind: Literal["roc"] = "roc"
    heading: ClassVar[str] = "ROC curves"

    def plots(self, study: Study, result: StudyResult, winner: Winner, variables: Mapping[str, str]) -> list[Plot]:  # noqa: ARG002
        by_cohort = held_out_cohorts(result)
        own = [] if winner.split in {split for split, _ in by_cohort} else [(winner.split, "")]
        found = [_figure(study, result, winner, split, cohort) for split, cohort in [*own, *by_cohort]]
        return [plot for plot in found if plot]


def _figure(study: Study, result: StudyResult, winner: Winner, split: str, cohort: str) -> Plot | None:
    curves = {name: _curve(result, split, name, winner.models[name], cohort) for name in result.blocks}
    curves = {name: curve for name, curve in curves.items() if not curve.reason}
    if not curves:
        return None

    several = any(score.within for score in result.scores if (score.split, score.cohort) == (split, cohort))
    how = " pooled over centres" if several else ""
    labels = {name: wrapped(_label(study, result, winner, name, split, cohort), LETTERS) for name in curves}

    def paint(figure: Figure) -> None:
        figure.set_layout_engine("constrained", h_pad=0.08)
        axes = figure.subplots()
        axes.plot([0, 1], [0, 1], color=MUTED, linewidth=0.8, linestyle=(0, (4, 3)), label="chance")
        for i, (name, curve) in enumerate(curves.items()):
            axes.plot(
                curve.false_positive_rate,
                curve.true_positive_rate,
                color=COLOURS[i % len(COLOURS)],
                linewidth=1.3 if is_baseline(name) else 1.8,
                linestyle=(0, (5, 1.5)) if is_baseline(name) else "solid",
                label=labels[name],
            )
        axes.set_xlim(-0.01, 1.01)
        axes.set_ylim(-0.01, 1.01)
        axes.set_aspect("equal")
        axes.set_xlabel("1 − specificity")
        axes.set_ylabel("Sensitivity")
        grid(axes, "both")
        figure.legend(loc="outside lower left", handlelength=2.6, title=f"AUC{how} (95 % CI)", alignment="left")

    chosen = (
        "the model with its highest nested score"
        if cohort and winner.split == NESTED
        else "the model with its highest score"
        if winner.split == NESTED
        else "the study's first model"
    )
    title = f"ROC curves of {held_out_label(split, cohort)}" if cohort else f"ROC curves under {split_label(split)}"
    caption = (
        f"{title}: each set of blocks with {chosen}; baselines are dashed."
        if cohort
        else f"{title}: each set of blocks with {chosen}; baselines are dashed. Drawn from ranks within each fold, all folds "
        "pooled, so the area differs slightly from the AUC in the legend, which compares cases within folds only."
    )
    height = 4.9 + 0.19 * (sum(label.count("\n") + 1 for label in labels.values()) + 2)
    figure_id = f"figure-roc-{split}-{cohort}" if cohort else "figure-roc"
    return Plot(figure_id, title, caption, draw(figure_id, title, (4.9, height), paint))


def _curve(result: StudyResult, split: str, blocks: str, model: str, cohort: str) -> curves.Roc:
    table = result.predictions
    rows = table[(table["split"] == split) & (table["blocks"] == blocks) & (table["model"] == model)]
    rows = rows[rows["cohort"] == cohort] if cohort else rows
    if rows.empty:
        return curves.Roc(reason="no fold was predicted")
    fold = (rows["repeat"].astype(str) + "/" + rows["fold"].astype(str)).to_numpy(dtype=str)
    return curves.roc(rows["event"].to_numpy(dtype=bool), rows["score"].to_numpy(dtype=np.float64), fold)


def _label(study: Study, result: StudyResult, winner: Winner, name: str, split: str, cohort: str) -> str:
    model = winner.models[name]
    text = f"{blocks_label(study, name)}, {model_label(model)}"
    score = find_score(result, split, name, model, winner.metric, cohort)
    if score is None or score.value is None:
        return text
    return f"{text}: {decimal(score.value)} ({interval(score.low, score.high) or 'no interval'})"
