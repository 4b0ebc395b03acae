"""Columns of a table in words and numbers, over all and by centre."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from features.core.wording import counted
from tasks.reports.number_format import DASH, decimal, interval, share

MOST_LEVELS = 12


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


def variable_rows(label: str, column: str, parts: Mapping[str, pd.DataFrame]) -> list[CohortRow]:
    """The lines of a column: median [quartiles] of numbers, counts of flags and words, and how many are missing.

    Levels of categories stand in their order.

    parts: heading → rows of the table, "All" among them.
    """
    whole = parts["All"][column].dropna()
    if _is_flag(whole):
        yes = tuple(_counted(part[column], True) for part in parts.values())
        rows = [CohortRow(f"{label}, n (%)", yes)]
    elif pd.api.types.is_numeric_dtype(whole):
        places = _places(whole.to_numpy(dtype=np.float64))
        cells = tuple(_quartiles(part[column], places) for part in parts.values())
        rows = [CohortRow(f"{label}, median [quartiles]", cells)]
    else:
        levels = [str(level) for level, count in whole.astype(str).value_counts().items() if count]
        shown = _ordered(levels[:MOST_LEVELS], whole)
        rows = [CohortRow(f"{label}, n (%)", tuple("" for _ in parts))]
        rows += [
            CohortRow(level, tuple(_counted(part[column], level) for part in parts.values()), level=True)
            for level in shown
        ]
        if len(levels) > len(shown):
            rest = (part[column].dropna().astype(str) for part in parts.values())
            cells = tuple(share(int((~values.isin(shown)).sum()), len(values)) for values in rest)
            rows.append(CohortRow(f"{counted(len(levels) - len(shown), 'other')}", cells, level=True))
    missing = [int(part[column].isna().sum()) for part in parts.values()]
    if any(missing):
        rows.append(CohortRow("missing", tuple(str(count) if count else DASH for count in missing), level=True))
    return rows


def _ordered(levels: list[str], values: pd.Series) -> list[str]:
    """Levels in the order of their categories, by alphabet where none is declared."""
    if not isinstance(values.dtype, pd.CategoricalDtype):
        return sorted(levels)
    return [level for level in map(str, values.dtype.categories) if level in levels]


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
    return f"{decimal(median, places)} [{interval(low, high, places)}]"
