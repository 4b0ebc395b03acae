"""Cox's regression of a few columns by Newton's method, with ties after Efron and strata: what a hazard ratio alone needs."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
STEPS, ENOUGH, MOST = 50, 1e-9, 20.0


@dataclass(frozen=True, eq=False)
class Cox:
    """coefficients: (p,). covariance: (p, p), the inverse of the information there."""

    coefficients: Floats
    covariance: Floats


@dataclass(frozen=True, eq=False)
class _Events:
    """Of the e events: rows in the order of the strata and of falling times; last: the last row at risk with each; first: where its
    stratum begins; share: how much of the ties is taken away; ties: the group of its ties.
    """

    rows: NDArray[np.intp]
    last: NDArray[np.intp]
    first: NDArray[np.intp]
    share: Floats
    ties: NDArray[np.intp]


def fit_cox(X: Floats, days: Floats, event: NDArray[np.bool_], strata: NDArray[np.intp]) -> Cox:
    """X: (n, p), standardised. days, event, strata: (n,); cases of different strata are not compared.

    Raises ArithmeticError where the likelihood has no maximum, or columns follow from others. Efron, J Am Stat Assoc 1977;72:557.
    """
    order = np.lexsort((~event, -days, strata))
    X, days, event, strata = X[order], days[order], event[order], strata[order]
    found = _events(days, event, strata)
    p = X.shape[1]
    beta, known = np.zeros(p), _terms(X, found, np.zeros(p))
    for _ in range(STEPS):
        value, gradient, information = known
        try:
            step = np.linalg.solve(information, gradient)
        except np.linalg.LinAlgError as error:
            raise ArithmeticError("columns follow from one another") from error
        for _ in range(30):
            known = _terms(X, found, beta + step)
            if known[0] >= value - 1e-12 * abs(value):
                break
            step = step / 2
        beta = beta + step
        if np.abs(beta).max() > MOST or not np.isfinite(beta).all():
            raise ArithmeticError("the likelihood rises without end")
        if np.abs(step).max() < ENOUGH:
            return Cox(beta, np.asarray(np.linalg.inv(known[2]), np.float64))
    raise ArithmeticError("Newton's method did not converge")


def _events(days: Floats, event: NDArray[np.bool_], strata: NDArray[np.intp]) -> _Events:
    """Rows are ordered by stratum, then by falling time, events before the censored of a day."""
    new = np.r_[True, (np.diff(strata) != 0) | (np.diff(days) != 0)]
    group = np.cumsum(new) - 1
    last_of = np.r_[np.flatnonzero(new)[1:] - 1, len(days) - 1]
    begins = np.flatnonzero(np.r_[True, np.diff(strata) != 0])
    first_of = begins[np.searchsorted(begins, np.arange(len(days)), side="right") - 1]
    rows = np.flatnonzero(event)
    ties, start, size = np.unique(group[rows], return_index=True, return_counts=True)
    place = np.arange(len(rows)) - np.repeat(start, size)
    share = place / np.repeat(size, size)
    return _Events(rows, last_of[group[rows]], first_of[rows], share, np.repeat(np.arange(len(ties)), size))


def _terms(X: Floats, events: _Events, beta: Floats) -> tuple[float, Floats, Floats]:
    """Logarithm of the partial likelihood, its gradient, and the information."""
    eta = X @ beta
    weight = np.exp(eta - eta.max())
    p = X.shape[1]
    outer = (X[:, :, None] * X[:, None, :]).reshape(len(X), p * p)
    table = weight[:, None] * np.column_stack([np.ones(len(X)), X, outer])
    sums = np.vstack([np.zeros(table.shape[1]), np.cumsum(table, axis=0)])
    at_risk = sums[events.last + 1] - sums[events.first]
    tied = np.zeros((int(events.ties.max()) + 1, table.shape[1]))
    np.add.at(tied, events.ties, table[events.rows])
    at_risk = at_risk - events.share[:, None] * tied[events.ties]
    whole = at_risk[:, 0]
    mean = at_risk[:, 1 : p + 1] / whole[:, None]
    square = (at_risk[:, p + 1 :] / whole[:, None]).sum(axis=0).reshape(p, p)
    value = float((eta[events.rows] - eta.max() - np.log(whole)).sum())
    return value, (X[events.rows] - mean).sum(axis=0), square - mean.T @ mean
