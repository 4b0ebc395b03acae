"""The cohort table of a paper: facts of the cases over all and by centre."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from features.core.kinds.endpoint import Endpoint, Timed
from tasks.modelling.curves.kaplan_meier import kaplan_meier
from tasks.modelling.study_settings import StudySettings
from tasks.reports.by_centre import CohortRow, CohortTable, variable_rows
from tasks.reports.images_and_rois import volume_label
from tasks.reports.number_format import DASH, share
from tasks.reports.plain_labels import EXTERNAL, GIVEN, held_out_label

KEYS = ("cohort", "centre", "patient", "timepoint", "split")
DAYS_PER_MONTH = 30.4375


def cohort_by_centre(
    study: StudySettings,
    endpoint: Endpoint,
    table: pd.DataFrame,
    variables: Mapping[str, str],
    held_out: Sequence[str] = (),
) -> CohortTable:
    """The table's facts by centre: median [quartiles], or counts with the percentage of the known values.

    Columns of the endpoint stand first: events and follow-up, or counts by level. Centres carry their cohort where there are
    several.
    held_out: as Design.held_out; held-out cases stand in columns of their own, by cohort, and in no other.
    """
    others: dict[str, pd.DataFrame] = {}
    if any(held_out):
        role = np.array(held_out)
        for name, split in dict.fromkeys(zip(table["cohort"][role != ""], role[role != ""], strict=True)):
            label = held_out_label(EXTERNAL if split == EXTERNAL else GIVEN, str(name))
            others[label] = table[(table["cohort"] == name).to_numpy() & (role == split)]
        table = table[role == ""]
    if len(study.cohorts) > 1:
        centre = table["cohort"].astype(str) + ":" + table["centre"].astype(str)
    else:
        centre = table["centre"].astype(str)
    parts = {"All": table, **{name: table[centre == name] for name in sorted(centre.unique())}, **others}
    rows = [CohortRow("Cases", tuple(str(len(part)) for part in parts.values()))]
    if table["patient"].nunique() != len(table):
        rows.append(CohortRow("Patients", tuple(str(part["patient"].nunique()) for part in parts.values())))
    rows += _outcome_rows(endpoint, parts, variables)
    for column in table.columns:
        if column not in KEYS and column not in endpoint.columns:
            rows += variable_rows(variables.get(column, volume_label(column)), column, parts)
    return CohortTable(tuple("All that train" if others and name == "All" else name for name in parts), tuple(rows))


def _outcome_rows(
    endpoint: Endpoint, parts: Mapping[str, pd.DataFrame], variables: Mapping[str, str]
) -> list[CohortRow]:
    """Of the variables of the endpoint: positive cases or events, counts by level or quartiles, and the follow-up."""
    needs = [need for need in endpoint.needs() if need.variable in parts["All"]]
    rows: list[CohortRow] = []
    for need in needs:
        if endpoint.has_events and need.type == "flag":
            cells = tuple(share(int(part[need.variable].eq(True).sum()), len(part)) for part in parts.values())
            rows.append(CohortRow(endpoint.counted_as, cells))
        elif need.key != "time":
            rows += variable_rows(variables.get(need.variable, need.variable), need.variable, parts)
    if isinstance(endpoint, Timed) and len(needs) == len(endpoint.needs()):
        followed = tuple(_follow_up(part, endpoint) for part in parts.values())
        rows.append(CohortRow("Follow-up, months (median, reverse Kaplan–Meier)", followed))
    return rows


def _follow_up(part: pd.DataFrame, endpoint: Timed) -> str:
    """Median time to censoring, with events taken as censored (Schemper & Smith, Control Clin Trials 1996;17:343)."""
    known = part[list(endpoint.columns)].dropna()
    if known.empty:
        return DASH
    time, censored = known[endpoint.time].to_numpy(dtype=np.float64), known[endpoint.seen].isin([endpoint.nothing_seen])
    curve = kaplan_meier(time, censored.to_numpy(bool), np.empty(0))
    reached = [day for day, left in zip(curve.days, curve.share, strict=True) if left <= 0.5]
    return f"{reached[0] / DAYS_PER_MONTH:.1f}" if reached else "not reached"
