"""The cohort table of a paper: what the cases are, over all and by centre."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from features.core.endpoint import BinaryEndpoint, SurvivalEndpoint
from tasks.evaluation.study import Study
from tasks.metrics.kaplan_meier import kaplan_meier
from tasks.reports.numbers import DASH, decimal, share

KEYS = ("cohort", "centre", "patient", "timepoint")
MOST_LEVELS = 12
DAYS_PER_MONTH = 30.4375


@dataclass(frozen=True)
class CohortRow:
    """A line of the table. level: True for one category below its variable."""

    label: str
    cells: tuple[str, ...]
    level: bool = False


@dataclass(frozen=True)
class CohortTable:
    """heads: "All" and the centres."""

    heads: tuple[str, ...]
    rows: tuple[CohortRow, ...]


def cohort_by_centre(
    study: Study,
    endpoint: BinaryEndpoint | SurvivalEndpoint,
    table: pd.DataFrame,
    variables: Mapping[str, str],
) -> CohortTable:
    """The table's facts by centre: median [quartiles], or counts with the percentage of the known values.

    Columns of the endpoint become the rows of events and follow-up. Centres carry their cohort where there are several.
    """
    if len(study.cohorts) > 1:
        centre = table["cohort"].astype(str) + ":" + table["centre"].astype(str)
    else:
        centre = table["centre"].astype(str)
    parts = {"All": table, **{name: table[centre == name] for name in sorted(centre.unique())}}
    rows = [CohortRow("Cases", tuple(str(len(part)) for part in parts.values()))]
    if table["patient"].nunique() != len(table):
        rows.append(CohortRow("Patients", tuple(str(part["patient"].nunique()) for part in parts.values())))
    rows += _outcome_rows(endpoint, parts)
    outcome = {endpoint.column} if isinstance(endpoint, BinaryEndpoint) else {endpoint.time, endpoint.event}
    for column in table.columns:
        if column not in KEYS and column not in outcome:
            rows += variable_rows(variables.get(column, _volume_label(column)), column, parts)
    return CohortTable(tuple(parts), tuple(rows))


def _outcome_rows(endpoint: BinaryEndpoint | SurvivalEndpoint, parts: Mapping[str, pd.DataFrame]) -> list[CohortRow]:
    column = endpoint.column if isinstance(endpoint, BinaryEndpoint) else endpoint.event
    table = parts["All"]
    if column not in table:
        return []
    label = "Positive" if isinstance(endpoint, BinaryEndpoint) else "Events"
    cells = tuple(share(int(part[column].fillna(False).astype(bool).sum()), len(part)) for part in parts.values())
    rows = [CohortRow(label, cells)]
    if isinstance(endpoint, SurvivalEndpoint) and endpoint.time in table:
        followed = tuple(_follow_up(part, endpoint) for part in parts.values())
        rows.append(CohortRow("Follow-up, months (median, reverse Kaplan–Meier)", followed))
    return rows


def _follow_up(part: pd.DataFrame, endpoint: SurvivalEndpoint) -> str:
    """Median time to censoring, with events taken as censored (Schemper & Smith, Control Clin Trials 1996;17:343)."""
    known = part[[endpoint.time, endpoint.event]].dropna()
    if known.empty:
        return DASH
    time, event = known[endpoint.time].to_numpy(dtype=np.float64), known[endpoint.event].to_numpy(dtype=bool)
    curve = kaplan_meier(time, ~event, np.empty(0))
    reached = [day for day, left in zip(curve.days, curve.survival, strict=True) if left <= 0.5]
    return f"{reached[0] / DAYS_PER_MONTH:.1f}" if reached else "not reached"


def variable_rows(label: str, column: str, parts: Mapping[str, pd.DataFrame]) -> list[CohortRow]:
    whole = parts["All"][column].dropna()
    if _is_flag(whole):
        yes = tuple(_counted(part[column], True) for part in parts.values())
        rows = [CohortRow(f"{label}, n (%)", yes)]
    elif pd.api.types.is_numeric_dtype(whole):
        places = _places(whole.to_numpy(dtype=np.float64))
        cells = tuple(_quartiles(part[column], places) for part in parts.values())
        rows = [CohortRow(f"{label}, median [quartiles]", cells)]
    else:
        levels = [str(level) for level in whole.astype(str).value_counts().index]
        shown = sorted(levels[:MOST_LEVELS])
        rows = [CohortRow(f"{label}, n (%)", tuple("" for _ in parts))]
        rows += [
            CohortRow(level, tuple(_counted(part[column], level) for part in parts.values()), level=True)
            for level in shown
        ]
        if len(levels) > len(shown):
            rest = (part[column].dropna().astype(str) for part in parts.values())
            cells = tuple(share(int((~values.isin(shown)).sum()), len(values)) for values in rest)
            rows.append(CohortRow(f"{len(levels) - len(shown)} others", cells, level=True))
    missing = [int(part[column].isna().sum()) for part in parts.values()]
    if any(missing):
        rows.append(CohortRow("missing", tuple(str(count) if count else DASH for count in missing), level=True))
    return rows


def _is_flag(values: pd.Series) -> bool:
    return len(values) > 0 and all(isinstance(value, bool | np.bool_) for value in values)


def _counted(values: pd.Series, level: object) -> str:
    known = values.dropna()
    found = known.astype(bool) if level is True else known.astype(str) == level
    return share(int(found.sum()), len(known)) if len(known) else DASH


def _places(values: NDArray[np.float64]) -> int:
    """Decimals for a whole row: none for whole numbers, else three digits of the overall median."""
    median = abs(float(np.median(values))) if len(values) else 0.0
    if not len(values) or bool((values == np.round(values)).all()) or median >= 100:
        return 0
    return 1 if median >= 10 else 2 if median >= 1 else 3


def _quartiles(values: pd.Series, places: int) -> str:
    known = values.dropna().to_numpy(dtype=np.float64)
    if not len(known):
        return DASH
    low, median, high = np.quantile(known, [0.25, 0.5, 0.75])
    return f"{decimal(median, places)} [{decimal(low, places)}–{decimal(high, places)}]"


def _volume_label(column: str) -> str:
    if column.startswith("volume_") and column.endswith("_ml"):
        return f"Volume in {column[len('volume_') : -len('_ml')].upper()} (ml)"
    return column
