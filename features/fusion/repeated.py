"""Repeated rows: a row for each visit of a patient up to the prediction, and the one visit at which she is scored."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray

from features.core.design import FlowRow
from features.core.wording import counted

if TYPE_CHECKING:
    import pandas as pd

RowsOf = Literal["one", "each"]  # visits
ScoredVisit = Literal["last", "predict_at"]
ScoredRows = Literal["last", "predict_at", "each"]  # each: all of them count, and nothing is scored


def visits_up_to(predict_at: str, timepoints: Mapping[str, int], rows_of: RowsOf) -> tuple[str, ...]:
    """The time points whose visits are rows, in order: that of the prediction, or all that are not planned after it."""
    if rows_of == "one":
        return (predict_at,)
    limit = timepoints[predict_at]
    return tuple(sorted((word for word, day in timepoints.items() if day <= limit), key=lambda word: timepoints[word]))


def known_by_then(cases: pd.DataFrame, days: Mapping[tuple[str, str], float], predict_at: str) -> NDArray[np.bool_]:
    """False for a visit that was after the patient's visit of the prediction, whatever its planned day, (n,)."""
    own = np.array([days.get(place, np.nan) for place in _places(cases)], np.float64)
    limit = np.array([days.get((patient, predict_at), np.nan) for patient in cases["patient"]], np.float64)
    return np.asarray(~(own > limit), dtype=np.bool_)


def visits_of(cases: pd.DataFrame) -> pd.Series:
    """Patient and time point of each row, as one text."""
    return cases["patient"] + ":" + cases["timepoint"]


def day_of_rows(cases: pd.DataFrame, days: Mapping[tuple[str, str], float]) -> NDArray[np.float64]:
    """The day of each row's visit, NaN where nothing tells it, (n,)."""
    return np.array([days.get(place, np.nan) for place in _places(cases)], np.float64)


def scored_rows(
    patients: NDArray[np.str_],
    cases: pd.DataFrame,
    words: Sequence[str],
    days: NDArray[np.float64],
    policy: ScoredRows,
    predict_at: str,
) -> NDArray[np.bool_]:
    """True for the rows of the one visit at which a patient is scored, (n,): her last one, or that of the prediction.

    Where each visit counts, all rows are. words: time points of the rows, in order. Of visits of one planned day the later by
    its own day is the last. Several lesions of that visit are all scored.
    """
    if policy == "each":
        return np.ones(len(cases), bool)
    if policy == "predict_at":
        return np.asarray(cases["timepoint"] == predict_at, dtype=np.bool_)
    place = {word: i for i, word in enumerate(words)}
    order = np.array([place[word] for word in cases["timepoint"]], np.intp)
    by_days = np.isfinite(days).all()  # own days rise with the time points, where these do not share a planned day
    last: dict[str, str] = {}
    pairs = list(zip(patients.tolist(), cases["timepoint"].tolist(), strict=True))
    for i in np.argsort(days if by_days else order, kind="stable").tolist():
        last[pairs[i][0]] = pairs[i][1]
    return np.array([last[patient] == word for patient, word in pairs], np.bool_)


def flow_of(name: str, cases: pd.DataFrame, predict_at: str, policy: ScoredRows) -> tuple[NDArray[np.bool_], FlowRow]:
    """Who stays, and the step of the flow: patients without the visit at which they would be scored leave, (n,)."""
    before = cases["patient"].nunique()
    if policy != "predict_at":
        scored = ", scored at the last one" if policy == "last" else ""
        return np.ones(len(cases), bool), FlowRow(f"{name}: {counted(len(cases), 'visit')}{scored}", before, before)
    there = {*cases["patient"][cases["timepoint"] == predict_at]}
    stays = cases["patient"].isin(list(there)).to_numpy(bool)
    step = f"{name}: {counted(int(stays.sum()), 'visit')}, scored at {predict_at}"
    reasons = {f"no visit at {predict_at}": before - len(there)} if before > len(there) else {}
    return stays, FlowRow(step, before, len(there), reasons)


def _places(cases: pd.DataFrame) -> list[tuple[str, str]]:
    return list(zip(cases["patient"].tolist(), cases["timepoint"].tolist(), strict=True))
