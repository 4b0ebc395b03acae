"""How strongly columns and an outcome go together, column by column: what screening ranks by."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.stats import rankdata

from features.core.outcome import Outcome

Floats = NDArray[np.float64]


def association(X: Floats, outcome: Outcome) -> Floats:
    """Of each column, (p,): |AUC − 0.5| for a flag, |z| of a Cox score test with follow-up, |Spearman's ρ| for a number.

    X: (n, p) finite. Raises ValueError where the outcome is the same for all.
    """
    if outcome.value is not None:
        return rank_correlation(X, outcome.value)
    if outcome.days is not None:
        return cox_score_z(X, outcome.flag, outcome.days)
    return auc_distance(X, outcome.flag)


def auc_distance(X: Floats, y: NDArray[np.bool_]) -> Floats:
    """|AUC − 0.5| of each column against y, (p,), by ranks with ties averaged. Raises ValueError for one class."""
    from features.core.rank_sums import rank_sums  # compiled: only where it is needed

    positives, negatives = int(y.sum()), int((~y).sum())
    if not positives or not negatives:
        raise ValueError(f"screening needs both classes: {positives} positive and {negatives} negative cases")
    auc = (rank_sums(X, y) - positives * (positives + 1) / 2) / (positives * negatives)
    distance: Floats = np.abs(auc - 0.5)
    return distance


def cox_score_z(X: Floats, event: NDArray[np.bool_], time: Floats) -> Floats:
    """|z| of the score test of a univariate Cox model at zero, (p,), Breslow ties; 0 for a column without variance.

    The unit of a column does not matter, nor how large its values are. Equals the log-rank z for a 0/1 column without tied
    event times. Raises ValueError if no event was seen.
    """
    if not event.any():
        raise ValueError("screening needs at least one event")
    order = np.argsort(-time, kind="stable")
    exponent = np.frexp(np.abs(X).max(axis=0))[1]
    X = np.ldexp(X, -exponent)  # at most 1: squares neither overflow nor vanish, and powers of two round nothing
    X, event, time = X[order] - X.mean(axis=0), event[order], time[order]
    last = np.searchsorted(-time, -time, side="right") - 1  # everybody still at risk, ties included
    at_risk = (last[event] + 1.0)[:, None]
    mean = np.cumsum(X, axis=0)[last[event]] / at_risk
    mean_square = np.cumsum(X * X, axis=0)[last[event]] / at_risk
    score = (X[event] - mean).sum(axis=0)
    variance = (mean_square - mean**2).sum(axis=0)
    safe = variance > 1e-12 * mean_square.sum(axis=0)
    z: Floats = np.where(safe, np.abs(score) / np.sqrt(np.where(safe, variance, 1.0)), 0.0)
    return z


def rank_correlation(X: Floats, value: Floats) -> Floats:
    """|Spearman's ρ| of each column with a number, (p,); 0 for a column without variance. Raises ValueError if it never varies."""
    if (value == value[0]).all():
        raise ValueError("screening needs an outcome that varies")
    ranks, outcome = rankdata(X, axis=0), rankdata(value)
    ranks, outcome = ranks - ranks.mean(axis=0), outcome - outcome.mean()
    size = np.sqrt((ranks**2).sum(axis=0) * (outcome**2).sum())
    rho: Floats = np.abs(outcome @ ranks) / np.where(size > 0, size, 1.0)
    return rho
