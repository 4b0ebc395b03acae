"""pair_correlations: how each two columns go together, missing values aside."""

from __future__ import annotations

from typing import Literal

import numpy as np

from features.core.errors import FitError
from tasks.modelling.rows import Floats

Method = Literal["spearman", "pearson"]
FEWEST = 3  # cases that two columns must have in common
_AT_ONCE = 64
_NOTHING = 1e-10  # of the squares of a column: less is rounding


def pair_correlations(X: Floats, method: Method = "spearman") -> Floats:
    """|r| of each two columns, (p, p), from the cases that have both; 0 where these are fewer than 3, or one does not vary there.

    X: (n, p), NaN where missing. spearman: r of the ranks that values have among all known ones of their column. Raises
    FitError for infinite values where Pearson's r is asked for.
    """
    if method == "spearman":
        X = _ranks(X)
    elif np.isinf(X).any():
        raise FitError("correlations of infinite values: use spearman, or zscore before it")
    known = ~np.isnan(X)
    count = known.sum(axis=0)
    size = np.fmax.reduce(np.abs(X), axis=0, initial=0.0)
    X = np.ldexp(X, -np.frexp(size)[1])  # squares neither overflow nor vanish, and powers of two round nothing
    mean = np.where(known, X, 0.0).sum(axis=0) / np.maximum(count, 1)
    Z = np.where(known, X - mean, 0.0)
    squares = (Z * Z).sum(axis=0)
    if known.all():
        varies = squares > _NOTHING * np.maximum((X * X).sum(axis=0), np.finfo(float).tiny)
        Z /= np.where(varies, np.sqrt(squares), 1.0)
        Z[:, ~varies] = 0.0
        r = np.abs(Z.T @ Z)
    else:
        r = _of_common_cases(Z, known.astype(np.float64))
    np.minimum(r, 1.0, out=r)
    np.fill_diagonal(r, 1.0)
    return np.asarray(r)


def _of_common_cases(Z: Floats, known: Floats) -> Floats:
    """Z: (n, p), 0 where missing. A few columns at a time: what lies between stays in the cache."""
    p = Z.shape[1]
    squares, found = Z * Z, np.empty((p, p))
    least = _NOTHING * squares.sum(axis=0)
    for start in range(0, p, _AT_ONCE):
        own = slice(start, start + _AT_ONCE)
        common = known[:, own].T @ known
        share = 1.0 / np.maximum(common, 1.0)
        mine, theirs = Z[:, own].T @ known, known[:, own].T @ Z  # sums of either, over the cases that have both
        spread = squares[:, own].T @ known - mine * mine * share
        other = known[:, own].T @ squares - theirs * theirs * share
        enough = (common >= FEWEST) & (spread > least[own, None]) & (other > least)
        product = np.abs(Z[:, own].T @ Z - mine * theirs * share)
        found[own] = np.where(enough, product / np.sqrt(np.where(enough, spread * other, 1.0)), 0.0)
    return found


def _ranks(X: Floats) -> Floats:
    """Of the known values of each column, ties averaged; missing stays missing."""
    from scipy.stats import rankdata

    missing = np.isnan(X)
    ranks: Floats = rankdata(np.where(missing, np.inf, X), axis=0)
    highest = (np.isinf(X) & (X > 0)).any(axis=0) & missing.any(axis=0)  # whose ranks missing values would share
    for j in np.flatnonzero(highest):
        ranks[~missing[:, j], j] = rankdata(X[~missing[:, j], j])
    ranks[missing] = np.nan
    return ranks
