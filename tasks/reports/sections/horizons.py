"""Horizons: how good predictions over follow-up are by each day that the study names, and whether their incidences are right."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np

from features.core.kinds.endpoint import Timed
from features.core.outcome import Outcome
from features.endpoints.competing_risks import CompetingRisks
from tasks.modelling.curves.calibration_by_day import CalibrationByDay, calibration_by_day
from tasks.modelling.evaluation.groups import codes_of
from tasks.modelling.evaluation.horizon_score import HorizonScore
from tasks.modelling.metrics.metric import METRICS
from tasks.reports.figures import Plot
from tasks.reports.horizon_figure import horizon_figure
from tasks.reports.labels import blocks_label, metric_label
from tasks.reports.outcome_figures.outcome_figure import Shown, best_and_clinical
from tasks.reports.plain_labels import capital, held_out_label, model_label, split_label
from tasks.reports.score_cells import Cell, Cells
from tasks.reports.section import Findings, Section

_AT = " at the horizon"


class Horizons(Section):
    """Scores by day, and the calibration of the combinations that figures show."""

    kind: Literal["horizons"] = "horizons"
    order: ClassVar[int] = 43

    def heading(self, found: Findings) -> str:  # noqa: ARG002
        return "Calibration over follow-up"

    def applies(self, found: Findings) -> bool:
        return bool(found.result.by_horizon)

    def figures(self, found: Findings) -> Sequence[Plot]:
        plots = []
        for shown in best_and_clinical(found.study, found.result, found.winner):
            if curves := _curves(found, shown):
                plots.append(horizon_figure(found.study, shown, _event(found), curves))
        return plots

    def content(self, found: Findings) -> Mapping[str, object]:
        shown = best_and_clinical(found.study, found.result, found.winner)
        blocks, model = (
            (shown[0].blocks, shown[0].model) if shown else next((s.blocks, s.model) for s in found.result.by_horizon)
        )
        named = f"{blocks_label(found.study, blocks)} with {model_label(model)}"
        own = [s for s in found.result.by_horizon if (s.blocks, s.model) == (blocks, model)]
        *others, last = (f"{day:g}" for day in dict.fromkeys(score.day for score in own))
        days = f"day {', '.join(others)} and {last}" if others else f"day {last}"
        return {
            "named": named,
            "table": by_day(own),
            "days": days,
            "asked": bool(found.study.horizons),
            "why": _why(found),
        }


@dataclass(frozen=True)
class DayRow:
    """The scores under one split, or of one held-out cohort, by a day.

    first: of the split or cohort. events: by then; followed: cases followed until it.
    """

    where: str
    first: bool
    day: str
    n: int
    events: int
    followed: int
    cells: tuple[Cell, ...]


@dataclass(frozen=True)
class DayTable:
    """heads: what each column of scores is, with what is right. notes, intervals: as of Cells."""

    heads: tuple[tuple[str, str], ...]
    rows: tuple[DayRow, ...]
    notes: tuple[tuple[str, str], ...]
    intervals: tuple[str, ...]


def by_day(scores: Sequence[HorizonScore]) -> DayTable:
    """A row for each split, or held-out cohort, and day; a column for each metric."""
    metrics = [METRICS.parse(kind) for kind in dict.fromkeys(score.metric for score in scores)]
    heads = tuple((metric_label(m.kind).replace(_AT, ""), "" if m.ideal is None else f"{m.ideal:g}") for m in metrics)
    by_key = {(s.split, s.cohort, s.day, s.metric): s for s in scores}
    cells = Cells()
    rows: list[DayRow] = []
    for split, cohort, day in dict.fromkeys((s.split, s.cohort, s.day) for s in scores):
        of_day = [by_key[split, cohort, day, metric.kind] for metric in metrics]
        one = of_day[0]
        rows.append(
            DayRow(
                where := capital(held_out_label(split, cohort) if cohort else split_label(split)),
                not rows or rows[-1].where != where,
                f"{day:g}",
                one.n,
                one.events,
                one.followed,
                tuple(cells.cell(head, s, m.places) for (head, _), s, m in zip(heads, of_day, metrics, strict=True)),
            )
        )
    return DayTable(heads, tuple(rows), cells.notes, tuple(dict.fromkeys(f"Intervals of {of}." for of in cells.said)))


def _curves(found: Findings, shown: Shown) -> list[tuple[float, CalibrationByDay]]:
    """The curve of each day of which incidences were predicted."""
    endpoint, table = found.result.endpoint, found.result.incidences
    assert isinstance(endpoint, Timed)
    if shown.cohort:  # the table of incidences has no cohorts
        table = table.assign(cohort=shown.cohort)
    keys = ["case", "fold"]
    said = shown.rows(table)[[*keys, "day", "incidence"]]
    rows = shown.rows(found.result.predictions).merge(said, on=keys, validate="one_to_many")
    curves = []
    for day, own in rows.groupby("day"):
        seen = Outcome(codes_of(own, endpoint), own["time"].to_numpy(np.float64))
        curves.append(
            (float(str(day)), calibration_by_day(seen, own["incidence"].to_numpy(np.float64), float(str(day))))
        )
    return curves


def _event(found: Findings) -> str:
    endpoint = found.result.endpoint
    return endpoint.of_interest if isinstance(endpoint, CompetingRisks) else "the event"


def _why(found: Findings) -> str:
    """Why these days, where the study names none."""
    endpoint = found.result.endpoint
    assert isinstance(endpoint, Timed)
    if endpoint.horizon_days:
        return "the horizon of the endpoint"
    return "by which one and two thirds of the events were seen"
