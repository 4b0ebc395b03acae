"""delta_columns: the courses of cases over their visits, and the columns that a delta makes of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from features.core.errors import StoreError
from features.core.kinds.delta import Course, Delta, Floats, Span
from features.results.manifest import Mart

if TYPE_CHECKING:
    import pandas as pd

CHUNK = 2000  # columns whose courses are in memory at a time
Days = Mapping[tuple[str, str], float]  # patient, time point → day


class Known(NamedTuple):
    """What is known of the visits of a cohort. timepoints: with planned days; predict_at: the one of the prediction."""

    days: Days
    timepoints: Mapping[str, int]
    predict_at: str


def days_of(mart: Mart, name: str, *, needed: bool) -> Days:
    """The day of each visit of a cohort, as far as it is known: patients' own days, else planned ones.

    needed: whether a mart of an earlier radweave, which has no table of visits, will not do: then it raises StoreError.
    """
    if mart.manifest.file("visits", name) is None and not needed:
        return {}
    try:
        rows = mart.read("visits", name).to_pylist()
        known = [row for row in rows if row["state"] == "used" and row["day"] is not None]
        return {(row["patient"], row["timepoint"]): row["day"] for row in known}
    except StoreError as error:
        if mart.manifest.file("visits", name) is not None:
            raise
        raise StoreError(f'the mart has no days of visits for cohort "{name}": run radweave refresh {name}') from error


def delta_columns(
    delta: Delta,
    span: Span,
    rows: pd.DataFrame,
    images: pd.DataFrame,
    cases: pd.DataFrame,
    known: Known,
) -> pd.DataFrame:
    """One row per case, in their order; columns `delta__COLUMN__SINCE_to_UNTIL_ENDING`.

    rows, images: patient, lesion and time point, and the columns that are compared, of all time points. A visit after the
    patient's visit of the prediction is not looked at, whatever its time point.
    """
    import pandas as pd

    own, places = _visits(span, rows, cases, known)
    table = images.to_numpy(np.float64)
    found: dict[str, list[Floats]] = {}
    for start in range(0, table.shape[1], CHUNK):
        part = table[:, start : start + CHUNK]
        values = np.full((*places.shape, part.shape[1]), np.nan)
        values[places >= 0] = part[places[places >= 0]]
        for ending, made in delta.values(Course(own, values)).items():
            found.setdefault(ending, []).append(made)
    frames = [
        pd.DataFrame(np.hstack(made), columns=[f"delta__{column}__{span.words}_{ending}" for column in images.columns])
        for ending, made in found.items()
    ]
    return pd.concat(frames, axis=1).set_axis(cases.index)


def _visits(
    span: Span, rows: pd.DataFrame, cases: pd.DataFrame, known: Known
) -> tuple[NDArray[np.float64], NDArray[np.intp]]:
    """The day of each visit of each case, and where its row is, -1 if there is none that counts: (n, visits) both."""
    import pandas as pd

    days, timepoints, predict_at = known
    low, high = timepoints[span.since], timepoints[span.until]
    inner = [word for word, day in timepoints.items() if low < day < high]
    words = [span.since, *sorted(inner, key=lambda word: timepoints[word]), span.until]
    keys, at = pd.MultiIndex.from_frame(cases[["patient", "lesion"]]), rows["timepoint"].to_numpy()
    own = np.full((len(cases), len(words)), np.nan)
    places = np.full(own.shape, -1, np.intp)
    for k, word in enumerate(words):
        there = np.flatnonzero(at == word)
        found = pd.MultiIndex.from_frame(rows[["patient", "lesion"]].iloc[there]).get_indexer(keys)
        places[found >= 0, k] = there[found[found >= 0]]
        own[:, k] = [days.get((patient, word), np.nan) for patient in cases["patient"]]
    limit = np.array([days.get((patient, predict_at), np.nan) for patient in cases["patient"]], np.float64)
    too_late = own > limit[:, None]
    own[too_late], places[too_late] = np.nan, -1
    if len({timepoints[word] for word in inner}) < len(inner):  # time points of one planned day follow in any order
        order = np.argsort(own[:, 1:-1], axis=1, kind="stable") + 1
        for array in (own, places):
            array[:, 1:-1] = np.take_along_axis(array, order, axis=1)
    return own, places
