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
HONEST = 0.8  # what a good single gene may really have
CHANCE = 0.05  # that one of a block's genes passes the limit though none is better than that
_PAIRS = 5_000

Floats = NDArray[np.float64]


def check_leakage(design: Design, blocks: Collection[str], checked: Collection[str]) -> None:
    """Raises RadweaveError with every column of the blocks that alone separates the outcome.

    checked: columns that a person has declared to be no leak. A column counts if it has 20 cases with 5 events (binary:
    5 of either class) and its AUC or Harrell's C is over 0.95 or under 0.05. Among many genes the best of few cases
    passes that limit by chance: outside the clinical block the value must also lie above 0.8 beyond chance (one-sided,
    Hanley and McNeil 1982, Bonferroni over the block's columns).
    """
    found: list[str] = []
    for block in sorted(blocks):
        columns = [column for column in design.columns(block) if column not in checked]
        values = design.X[columns]
        is_binary = design.y.dtype == bool
        strength, positive, negative = _auc(values, design.event) if is_binary else _harrell(values, design.y)
        strength = np.maximum(strength, 1 - strength)
        leaks = strength > LIMIT
        if block != "clinical":
            leaks &= _chance(strength, positive, negative) * len(columns) < CHANCE
        found += [column for column, leak in zip(columns, leaks, strict=True) if leak]
    if found:
        names = ", ".join(f'"{column.partition("__")[2]}"' for column in found[:10])
        more = f" and {len(found) - 10} more" if len(found) > 10 else ""
        raise RadweaveError(
            f"{names}{more}: alone, the value tells the outcome (AUC or C over {LIMIT:g}). If it is known only after the "
            "prediction time, declare role: outcome or a later known_at; if a person has checked it, leak_checked"
        )


def _auc(values: pd.DataFrame, event: NDArray[np.bool_]) -> tuple[Floats, Floats, Floats]:
    """AUC of each column over its cases, NaN where they are too few, and how many are positive and negative."""
    there = values.notna().to_numpy()
    positive, negative = (there[rows].sum(axis=0).astype(float) for rows in (event, ~event))
    enough = (positive + negative >= CASES) & (np.minimum(positive, negative) >= EVENTS)
    ranks = np.nansum(values.rank().to_numpy()[event], axis=0)
    with np.errstate(divide="ignore", invalid="ignore"):
        auc = (ranks - positive * (positive + 1) / 2) / (positive * negative)
    return np.where(enough, auc, np.nan), positive, negative


def _harrell(values: pd.DataFrame, y: NDArray[np.void]) -> tuple[Floats, Floats, Floats]:
    """Harrell's C of each column, NaN where cases or events are too few, and the events, twice: each stands for a pair.

    All columns are judged on at most 5,000 pairs first; those near the limit on all of them.
    """
    X = values.to_numpy(float)
    early, late = np.nonzero(y["event"][:, None] & (y["time"][:, None] < y["time"][None, :]))
    step = len(early) // _PAIRS + 1
    there = np.isfinite(X)
    events = there[y["event"]].sum(axis=0).astype(float)
    strength = np.full(X.shape[1], np.nan)
    for j in np.flatnonzero((there.sum(axis=0) >= CASES) & (events >= EVENTS)):
        rough = _concordance(X[:, j], early[::step], late[::step])
        if abs(rough - 0.5) > LIMIT - 0.6:
            strength[j] = _concordance(X[:, j], early, late) if step > 1 else rough
    return strength, events, events


def _concordance(x: Floats, early: NDArray[np.int64], late: NDArray[np.int64]) -> float:
    """Share of pairs in which the earlier event has the higher value; ties count half, missing values not."""
    difference = x[early] - x[late]
    difference = difference[np.isfinite(difference)]
    return float(np.mean(np.sign(difference) / 2 + 0.5)) if len(difference) else math.nan


def _chance(strength: Floats, positive: Floats, negative: Floats) -> Floats:
    """Probability of an AUC as high as this where the true one is 0.8: normal, with Hanley and McNeil's variance."""
    one, two = HONEST / (2 - HONEST) - HONEST**2, 2 * HONEST**2 / (1 + HONEST) - HONEST**2
    with np.errstate(divide="ignore", invalid="ignore"):
        own = HONEST * (1 - HONEST) + (positive - 1) * one + (negative - 1) * two
        z = (strength - HONEST) / np.sqrt(own / (positive * negative))
    return np.array([math.erfc(value / math.sqrt(2)) / 2 if math.isfinite(value) else 1.0 for value in z])
