"""Leakage: a predictor that alone tells the outcome is nearly always a consequence of it."""

from __future__ import annotations

import math
from collections.abc import Collection
from functools import cache

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from features.core.design import Design
from features.core.errors import RadweaveError
from features.core.outcome import Outcome
from features.fusion.identity import identical

LIMIT = 0.95  # AUC, or Harrell's C, in either direction
CASES = 20
EVENTS = 5  # and as many of the other class, for a binary endpoint
HONEST = 0.8  # what a good single gene may really have
CHANCE = 0.05  # that one of a block's columns passes the limit though none is better than that
SAME = 0.01  # that one of a block's columns is in the order of an outcome by chance
FEWEST, LEVELS = 10, 5  # cases, and values of an outcome, from which on a rank correlation says something
_PAIRS = 5_000
_COLUMNS = 500  # that are looked at together: a wide table is not copied as a whole

Floats = NDArray[np.float64]


def check_leakage(
    design: Design, blocks: Collection[str], checked: Collection[str], outcomes: pd.DataFrame | None = None
) -> None:
    """Raises RadweaveError with every column of the blocks that alone tells the outcome.

    checked: columns that a person has declared to be no leak. outcomes: what the catalog declares as outcomes, as numbers, row
    by row as the design. Each patient counts once, by the first row. A column is a leak if
    - it is an outcome under another name (`identical`), also one that this study does not predict, and chance does that in
      fewer than 1 of 100 blocks with as many columns, however few the cases are; or
    - it has 20 cases with 5 events (binary: 5 of either class), and its AUC or Harrell's C is over 0.95 or under 0.05. Among
      many columns the best of few cases passes that limit by chance: outside the clinical block the value must also lie
      above 0.8 beyond chance (one-sided, Bonferroni over the block's columns; Hanley and McNeil 1982, for classes that are
      wholly apart the exact chance under two normal distributions); or
    - outside the clinical block, its rank correlation with an outcome that is a number is over 0.95, and so above 0.8.
    """
    found: dict[str, str] = {}
    first = np.sort(np.unique(design.groups, return_index=True)[1])
    contrasts, X = design.endpoint.contrasts(design.outcome.take(first)), design.take(first).X
    compared = {word: outcome[first] for word, outcome in _outcomes(design, outcomes).items()}
    for block in sorted(blocks):
        columns = [column for column in design.columns(block) if column not in checked]
        if not columns:
            continue
        parts = [columns[start : start + _COLUMNS] for start in range(0, len(columns), _COLUMNS)]
        tried = len(columns) * len(contrasts)
        for contrast in contrasts:
            told = (_tells(X[part], contrast, any_chance=block == "clinical", tried=tried) for part in parts)
            leaks = np.concatenate([*told])
            found |= {column: f"AUC or C over {LIMIT:g}" for column, leak in zip(columns, leaks, strict=True) if leak}
        for word, outcome in compared.items():
            leaks = identical(X[columns].to_numpy(np.float64), outcome) * len(compared) < SAME
            if block != "clinical" and len(np.unique(outcome[np.isfinite(outcome)])) > LEVELS:
                leaks |= np.concatenate([_correlated(X[part], outcome) for part in parts]) * len(columns) < CHANCE
            found |= {c: f'the same as "{word}"' for c, leak in zip(columns, leaks, strict=True) if leak}
    if found:
        names = ", ".join(f'"{column.partition("__")[2]}"' for column in list(found)[:10])
        more = f" and {len(found) - 10} more" if len(found) > 10 else ""
        why = ", ".join(dict.fromkeys(found.values()))
        raise RadweaveError(
            f"{names}{more}: alone, the value tells the outcome ({why}). If it is known only after the prediction time, "
            "exclude it, or declare role: outcome or a later known_at; if a person has checked it, leak_checked (of the "
            "variable, of the genomic or ready-made table, or of the study for columns of images)"
        )


def _outcomes(design: Design, declared: pd.DataFrame | None) -> dict[str, Floats]:
    """The outcome of the study and all others that are declared, by name, each (n,)."""
    known = pd.DataFrame() if declared is None else declared
    return {**_own(design), **{str(word): column.to_numpy(np.float64) for word, column in known.items()}}


def _own(design: Design) -> dict[str, Floats]:
    outcome, columns = design.outcome, design.endpoint.columns
    if outcome.days is not None:
        return {columns[1]: design.event.astype(float), columns[0]: outcome.days}
    if outcome.value is not None:
        return {columns[0]: outcome.value}
    contrasts = design.endpoint.contrasts(outcome)
    names = columns if len(columns) == len(contrasts) else tuple(f"{columns[0]} {level}" for level in outcome.levels)
    numbers = (one.flag.astype(float) if one.value is None else one.value for one in contrasts)
    return dict(zip(names, numbers, strict=True))


def _tells(values: pd.DataFrame, contrast: Outcome, *, any_chance: bool, tried: int) -> NDArray[np.bool_]:
    """Which columns alone tell a contrast, (p,). any_chance: also where the best of those tried would do so by chance."""
    is_flag = contrast.days is None and contrast.value is None
    if is_flag:
        strength, positive, negative = _auc(values, contrast.flag)
    elif contrast.days is not None:
        strength, positive, negative = _harrell(values, contrast.flag, contrast.days)
    else:
        assert contrast.value is not None
        strength, positive, negative = _harrell(values, np.ones(len(contrast), bool), contrast.value)
    strength = np.maximum(strength, 1 - strength)
    leaks: NDArray[np.bool_] = strength > LIMIT
    if not any_chance:
        leaks &= _chance(strength, positive, negative, exact=is_flag) * tried < CHANCE
    return leaks


def _correlated(values: pd.DataFrame, outcome: Floats) -> Floats:
    """Probability of a rank correlation as far from 0 as each column's where the true one is 0.8; 1 up to 0.95.

    Fisher's transform, of the cases that have both; 1 where these are fewer than 10.
    """
    ranks = values[np.isfinite(outcome)].reindex(values.index).rank()
    there = ranks.notna().to_numpy()
    y = pd.DataFrame(np.where(there, outcome[:, None], np.nan)).rank().to_numpy()
    x = ranks.to_numpy(np.float64)
    count = np.maximum(there.sum(axis=0), 1)  # columns that no case of this outcome has are judged by nothing
    x, y = x - np.nansum(x, axis=0) / count, y - np.nansum(y, axis=0) / count
    with np.errstate(invalid="ignore", divide="ignore"):
        rho = np.abs(np.nansum(x * y, axis=0) / np.sqrt(np.nansum(x * x, axis=0) * np.nansum(y * y, axis=0)))
        z = (np.arctanh(np.minimum(rho, 1 - 1e-12)) - math.atanh(HONEST)) * np.sqrt(
            np.maximum(there.sum(axis=0) - 3, 1)
        )
    judged = (rho > LIMIT) & (there.sum(axis=0) >= FEWEST)
    from scipy.special import ndtr  # where nothing is predicted nobody waits for scipy

    return np.where(judged, ndtr(-np.nan_to_num(z)), 1.0)


def _auc(values: pd.DataFrame, event: NDArray[np.bool_]) -> tuple[Floats, Floats, Floats]:
    """AUC of each column over its cases, NaN where they are too few, and how many are positive and negative."""
    there = values.notna().to_numpy()
    positive, negative = (there[rows].sum(axis=0).astype(float) for rows in (event, ~event))
    enough = (positive + negative >= CASES) & (np.minimum(positive, negative) >= EVENTS)
    ranks = np.nansum(values.rank().to_numpy()[event], axis=0)
    with np.errstate(divide="ignore", invalid="ignore"):
        auc = (ranks - positive * (positive + 1) / 2) / (positive * negative)
    return np.where(enough, auc, np.nan), positive, negative


def _harrell(values: pd.DataFrame, event: NDArray[np.bool_], time: Floats) -> tuple[Floats, Floats, Floats]:
    """Harrell's C of each column, NaN where cases or events are too few, and the events, twice: each stands for a pair.

    All columns are judged on at most 5,000 pairs first; those near the limit on all of them.
    """
    X = values.to_numpy(float)
    early, late = np.nonzero(event[:, None] & (time[:, None] < time[None, :]))
    step = len(early) // _PAIRS + 1
    there = np.isfinite(X)
    events = there[event].sum(axis=0).astype(float)
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


def _chance(strength: Floats, positive: Floats, negative: Floats, *, exact: bool = True) -> Floats:
    """Probability of an AUC as high as this where the true one is 0.8: normal, with Hanley and McNeil's variance.

    exact: an AUC of 1 has the probability by which all of one class lie above all of the other, two normal distributions.
    """
    one, two = HONEST / (2 - HONEST) - HONEST**2, 2 * HONEST**2 / (1 + HONEST) - HONEST**2
    with np.errstate(divide="ignore", invalid="ignore"):
        own = HONEST * (1 - HONEST) + (positive - 1) * one + (negative - 1) * two
        z = (strength - HONEST) / np.sqrt(own / (positive * negative))
    found = np.array([math.erfc(value / math.sqrt(2)) / 2 if math.isfinite(value) else 1.0 for value in z])
    if exact:
        for i in np.flatnonzero(strength == 1):
            found[i] = min(found[i], _apart(int(positive[i]), int(negative[i])))
    return found


@cache
def _apart(positive: int, negative: int) -> float:
    """Probability that all positive cases lie above all negative ones, at an AUC of 0.8."""
    from scipy.special import ndtr, ndtri

    shift = math.sqrt(2) * ndtri(HONEST)
    x = np.linspace(-9, 9, 3601)
    highest = np.gradient(ndtr(x) ** negative, x)
    return float(np.trapezoid(highest * ndtr(shift - x) ** positive, x))
