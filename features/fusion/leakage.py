"""Leakage: a predictor that alone tells the outcome is nearly always a consequence of it."""

from __future__ import annotations

import math
from collections.abc import Collection

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from features.core.design import Design
from features.core.errors import RadweaveError

LIMIT = 0.95  # AUC, or Harrell's C, in either direction
CASES = 20
EVENTS = 5  # and as many of the other class, for a binary endpoint
CHANCE = 0.05  # over all columns of a block: among thousands of genes a few separate few cases by chance
_PAIRS = 5_000


def check_leakage(design: Design, blocks: Collection[str], checked: Collection[str]) -> None:
    """Raises RadweaveError with every column of the blocks that alone separates the outcome.

    checked: columns that a person has declared to be no leak. A column counts if it has 20 cases with 5 events (binary:
    5 of either class), its AUC or Harrell's C is over 0.95 or under 0.05, and that is no chance find among the block's
    columns (normal approximation, Bonferroni).
    """
    found: list[str] = []
    for block in sorted(blocks):
        columns = [column for column in design.columns(block) if column not in checked]
        values = design.X[columns]
        strength, p = _auc(values, design.event) if design.y.dtype == bool else _harrell(values, design.y)
        leaks = (np.abs(strength - 0.5) > LIMIT - 0.5) & (p * len(columns) < CHANCE)
        found += [column for column, leak in zip(columns, leaks, strict=True) if leak]
    if found:
        names = ", ".join(f'"{column.partition("__")[2]}"' for column in found[:10])
        more = f" and {len(found) - 10} more" if len(found) > 10 else ""
        raise RadweaveError(
            f"{names}{more}: alone, the value tells the outcome (AUC or C over {LIMIT:g}). If it is known only after the "
            "prediction time, declare role: outcome or a later known_at; if a person has checked it, leak_checked"
        )


def _auc(values: pd.DataFrame, event: NDArray[np.bool_]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """AUC of each column over its cases, NaN where they are too few, and p by the normal approximation of the U test."""
    there = values.notna().to_numpy()
    positive = there[event].sum(axis=0).astype(float)
    negative = there[~event].sum(axis=0).astype(float)
    enough = (positive + negative >= CASES) & (np.minimum(positive, negative) >= EVENTS)
    ranks = np.nansum(values.rank().to_numpy()[event], axis=0)
    with np.errstate(divide="ignore", invalid="ignore"):
        auc = (ranks - positive * (positive + 1) / 2) / (positive * negative)
        spread = np.sqrt((positive + negative + 1) / (12 * positive * negative))
    return np.where(enough, auc, np.nan), _p((auc - 0.5) / spread)


def _harrell(values: pd.DataFrame, y: NDArray[np.void]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Harrell's C of each column, NaN where cases are too few, and p with a spread of 1/(3√events).

    All columns are judged on at most 5,000 pairs first; those near the limit on all of them.
    """
    X = values.to_numpy(float)
    early, late = np.nonzero(y["event"][:, None] & (y["time"][:, None] < y["time"][None, :]))
    strength, p = np.full(X.shape[1], np.nan), np.ones(X.shape[1])
    step = len(early) // _PAIRS + 1
    for j in range(X.shape[1]):
        there = np.isfinite(X[:, j])
        events = int((there & y["event"]).sum())
        if there.sum() < CASES or events < EVENTS:
            continue
        rough = _concordance(X[:, j], early[::step], late[::step])
        if abs(rough - 0.5) > LIMIT - 0.6:
            strength[j] = _concordance(X[:, j], early, late) if step > 1 else rough
            p[j] = _p(np.array([(strength[j] - 0.5) * 3 * math.sqrt(events)]))[0]
    return strength, p


def _concordance(x: NDArray[np.float64], early: NDArray[np.int64], late: NDArray[np.int64]) -> float:
    """Share of pairs in which the earlier event has the higher value; ties count half, missing values not."""
    difference = x[early] - x[late]
    difference = difference[np.isfinite(difference)]
    return float(np.mean(np.sign(difference) / 2 + 0.5)) if len(difference) else math.nan


def _p(z: NDArray[np.float64]) -> NDArray[np.float64]:
    """Two-sided p of a standard normal value."""
    return np.array([math.erfc(abs(value) / math.sqrt(2)) if math.isfinite(value) else 1.0 for value in z])
