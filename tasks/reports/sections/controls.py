"""Controls: what each set of blocks scores on shuffled outcomes, with random panels, without a block, or with fewer cases."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np

from features.core.wording import counted
from tasks.modelling.evaluation.comparison import Controlled
from tasks.modelling.metrics.metric import METRICS
from tasks.reports.figures import Plot
from tasks.reports.labels import blocks_label, metric_word
from tasks.reports.learning_figure import Learning, learning_figure
from tasks.reports.number_format import DASH, decimal, interval, p_value
from tasks.reports.plain_labels import capital, model_label, split_label
from tasks.reports.section import Findings, Section


class Controls(Section):
    """A table for each control that the study asks for."""

    kind: Literal["controls"] = "controls"
    order: ClassVar[int] = 36

    def applies(self, found: Findings) -> bool:
        return bool(found.result.controlled)

    def figures(self, found: Findings) -> Sequence[Plot]:
        """The learning curve, where the study asks for one that has points."""
        curves = learning_curves(found)
        if not curves:
            return []
        metric = METRICS.parse(next(one for one in found.result.controlled).metric)
        return [learning_figure(curves, capital(metric.title))]

    def content(self, found: Findings) -> Mapping[str, object]:
        one = found.result.controlled[0]
        return {
            "tables": control_tables(found),
            "metric": metric_word(one.metric) + (" within centres" if one.within else ""),
            "model": model_label(one.model),
            "split": split_label(one.split),
        }


@dataclass(frozen=True)
class ControlRow:
    """A set of blocks: its score as it is, and what the runs score. why: why there are none."""

    blocks: str
    value: str
    runs: str
    p: str
    why: str


@dataclass(frozen=True)
class ControlTable:
    """The sets of blocks under one control."""

    id: str
    title: str
    says: str
    is_null: bool
    rows: tuple[ControlRow, ...]


def control_tables(found: Findings) -> tuple[ControlTable, ...]:
    """A table for each control, in their order."""
    tables = []
    for kind in dict.fromkeys(one.control for one in found.result.controlled):
        own = [one for one in found.result.controlled if one.control == kind]
        is_null = any(one.p is not None for one in own)
        rows = tuple(_row(blocks_label(found.study, one.blocks), one) for one in own)
        tables.append(
            ControlTable(f"table-control-{kind}", capital(kind.replace("_", " ")), own[0].says, is_null, rows)
        )
    return tuple(tables)


def learning_curves(found: Findings) -> tuple[Learning, ...]:
    """Of each set of blocks the scores by the share of training cases, in percent, with that of all."""
    curves = []
    for one in found.result.controlled:
        points = [
            (float(label.split(" %")[0]), score)
            for label, score in one.runs
            if one.control == "learning_curve" and score is not None
        ]
        if points and one.value is not None:
            curves.append(Learning(blocks_label(found.study, one.blocks), (*points, (100.0, one.value))))
    return tuple(curves)


def _row(label: str, one: Controlled) -> ControlRow:
    value = DASH if one.value is None else decimal(one.value)
    if one.reason:
        return ControlRow(label, value, DASH, "", f"{one.reason}.")
    known = [score for _, score in one.runs if score is not None]
    failed = len(one.runs) - len(known)
    why = f"{counted(failed, 'run')} could not be fitted." if failed else ""
    if one.p is not None:
        told = (
            f"mean {decimal(float(np.mean(known)))} ({interval(min(known), max(known))}), {counted(len(known), 'run')}"
        )
        return ControlRow(label, value, told, p_value(one.p), why)
    told = "; ".join(f"{name}: {DASH if score is None else decimal(score)}" for name, score in one.runs)
    return ControlRow(label, value, told, "", why)
