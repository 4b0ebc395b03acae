"""The out-of-fold predictions of a study as tables, beside what was seen."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from features.core.design import Design
from features.core.outcome import Outcome
from tasks.modelling.decisions.probability import probability_of
from tasks.modelling.evaluation.fit import Fit
from tasks.modelling.evaluation.result import PREDICTION_COLUMNS, PROBABILITY_COLUMNS
from tasks.modelling.prediction import Prediction

YES = "yes"  # the level of a response of yes or no that probabilities are of


def predictions_table(design: Design, fits: list[Fit]) -> pd.DataFrame:
    """PREDICTION_COLUMNS, a row for each case and fit that predicted it; what an endpoint does not have is missing."""
    cases, seen = design.X.index.to_numpy(), design.outcome
    event = design.event if design.endpoint.has_events else _nothing(len(cases))
    time = np.full(len(cases), np.nan) if seen.days is None else seen.days
    level = np.array(_levels(seen), dtype=object) if seen.levels else _nothing(len(cases))
    value = np.full(len(cases), np.nan) if seen.value is None else seen.value
    parts: list[tuple[Any, ...]] = []
    for fit, prediction in _predicted(fits):
        rows, risk = fit.fold.test, prediction.risk
        score = np.full(len(rows), np.nan) if risk is None else risk
        high = _nothing(len(rows)) if risk is None or np.isnan(fit.cut) else (risk > fit.cut).astype(object)
        who = (cases[rows], design.cohorts[rows], design.centres[rows], design.patients[rows])
        parts.append((*_facts(fit, len(rows)), *who, score, high, event[rows], time[rows], level[rows], value[rows]))
    return _table(PREDICTION_COLUMNS, parts)


def probabilities_table(design: Design, fits: list[Fit]) -> pd.DataFrame:
    """PROBABILITY_COLUMNS, a row for each case, fit, and class, rank or label; of yes or no that of YES by the fold's line."""
    cases, names = design.X.index.to_numpy(), np.array(design.outcome.levels, dtype=object)
    parts: list[tuple[Any, ...]] = []
    for fit, prediction in _predicted(fits):
        rows, levels, probability = fit.fold.test, names, prediction.probability
        if prediction.risk is not None and not np.isnan(fit.line[1]):
            levels, probability = np.array([YES], dtype=object), probability_of(fit.line, prediction.risk)
        if probability is not None:
            each = (np.repeat(cases[rows], len(levels)), np.tile(levels, len(rows)), probability.ravel())
            parts.append((*_facts(fit, len(rows) * len(levels)), *each))
    return _table(PROBABILITY_COLUMNS, parts)


def _predicted(fits: list[Fit]) -> Iterator[tuple[Fit, Prediction]]:
    return ((fit, fit.prediction) for fit in fits if fit.prediction is not None)


def _facts(fit: Fit, size: int) -> list[NDArray[Any]]:
    facts = (fit.split, fit.fold.repeat, fit.fold.name, fit.blocks, fit.model)
    return [np.asarray([fact] * size) for fact in facts]


def _nothing(size: int) -> NDArray[np.object_]:
    return np.full(size, None, dtype=object)


def _levels(outcome: Outcome) -> list[str]:
    """The level of each case; of labels those that are there, joined by " + "."""
    if outcome.code.ndim == 1:
        return [outcome.levels[code] for code in outcome.code]
    return [" + ".join(name for name, there in zip(outcome.levels, row, strict=True) if there) for row in outcome.code]


def _table(columns: tuple[str, ...], parts: list[tuple[Any, ...]]) -> pd.DataFrame:
    if not parts:
        return pd.DataFrame({column: [] for column in columns})
    return pd.DataFrame({c: np.concatenate(part) for c, part in zip(columns, zip(*parts, strict=True), strict=True)})
