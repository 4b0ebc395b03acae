"""Cox regression with a ridge penalty, by Newton's method."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from features.core.compiled import njit

Floats = NDArray[np.float64]

_ENOUGH = 1e-12  # Newton's decrement, over the number of cases, at which it ends


def fit_ridge_cox(X: Floats, event: NDArray[np.bool_], time: Floats, penalty: float, *, most_steps: int = 50) -> Floats:
    """Log hazard ratios, (p,), that maximise the partial likelihood less n × penalty / 2 × the squares of standardised ones.

    X: (n, p) finite. event, time: (n,). Efron's rule for tied days. Standardised: for one standard deviation (ddof 1) of the
    column, as lifelines' CoxPHFitter takes it. Raises ArithmeticError where Newton's method fails, ValueError without any event.
    Cox, J R Stat Soc B 1972;34:187; Efron, J Am Stat Assoc 1977;72:557.
    """
    if not event.any():
        raise ValueError("Cox regression needs at least one event")
    order = np.argsort(-time, kind="stable")
    spread = X.std(axis=0, ddof=1)
    spread = np.where(spread > 0, spread, 1.0)
    Z = np.ascontiguousarray(((X - X.mean(axis=0)) / spread)[order])
    died, day = event[order], np.ascontiguousarray(time[order], np.float64)
    beta, gradient, curve = np.zeros(X.shape[1]), np.empty(X.shape[1]), np.empty((X.shape[1], X.shape[1]))
    ridge = len(X) * penalty
    value = _slopes(Z, died, day, beta, ridge, gradient, curve)
    for _ in range(most_steps):
        step = _solved(curve, gradient)
        if not np.isfinite(step).all():
            raise ArithmeticError("Cox regression: the columns tell the same, or tell the events apart")
        if float((gradient * step).sum()) <= _ENOUGH * len(X):
            return beta / spread
        size = 1.0
        while True:
            tried = beta + size * step
            found = _slopes(Z, died, day, tried, ridge, gradient, curve)
            if found >= value - 1e-12 * abs(value):
                beta, value = tried, found
                break
            size /= 2
            if size < 1e-6:
                raise ArithmeticError("Cox regression: no step of Newton's method makes it better")
    raise ArithmeticError(f"Cox regression: Newton's method did not end within {most_steps} steps")


@njit(cache=True)
def _slopes(
    Z: Floats,
    died: NDArray[np.bool_],
    day: Floats,
    beta: Floats,
    ridge: float,
    gradient: Floats,
    curve: Floats,
) -> float:
    """The penalised log likelihood; writes its gradient and its negative second derivative. Rows: the latest day first."""
    n, p = Z.shape
    value, i = 0.0, 0
    gradient[:] = -ridge * beta
    curve[:] = 0.0
    for a in range(p):
        value -= 0.5 * ridge * beta[a] * beta[a]
        curve[a, a] = ridge
    mass, first, second = 0.0, np.zeros(p), np.zeros((p, p))  # of all at risk
    mass_tied, first_tied, second_tied = 0.0, np.zeros(p), np.zeros((p, p))  # of those that have their event today
    mean = np.empty(p)
    while i < n:
        today, deaths = day[i], 0
        mass_tied = 0.0
        first_tied[:] = 0.0
        second_tied[:] = 0.0
        while i < n and day[i] == today:
            score = 0.0
            for a in range(p):
                score += Z[i, a] * beta[a]
            weight = math.exp(score)
            mass += weight
            for a in range(p):
                first[a] += weight * Z[i, a]
                for b in range(p):
                    second[a, b] += weight * Z[i, a] * Z[i, b]
            if died[i]:
                deaths += 1
                value += score
                mass_tied += weight
                for a in range(p):
                    gradient[a] += Z[i, a]
                    first_tied[a] += weight * Z[i, a]
                    for b in range(p):
                        second_tied[a, b] += weight * Z[i, a] * Z[i, b]
            i += 1
        for k in range(deaths):
            gone = k / deaths
            left = mass - gone * mass_tied
            value -= math.log(left)
            for a in range(p):
                mean[a] = (first[a] - gone * first_tied[a]) / left
                gradient[a] -= mean[a]
            for a in range(p):
                for b in range(p):
                    curve[a, b] += (second[a, b] - gone * second_tied[a, b]) / left - mean[a] * mean[b]
    return value


@njit(cache=True)
def _solved(matrix: Floats, vector: Floats) -> Floats:
    """The solution of a positive definite system (Cholesky); NaN where it is none."""
    p = len(vector)
    root, found = np.zeros((p, p)), vector.copy()
    for a in range(p):
        for b in range(a + 1):
            total = matrix[a, b]
            for c in range(b):
                total -= root[a, c] * root[b, c]
            if a > b:
                root[a, b] = total / root[b, b]
            elif total > 1e-12 * matrix[a, a]:
                root[a, a] = math.sqrt(total)
            else:
                return np.full(p, np.nan)
    for a in range(p):
        for c in range(a):
            found[a] -= root[a, c] * found[c]
        found[a] /= root[a, a]
    for a in range(p - 1, -1, -1):
        for c in range(a + 1, p):
            found[a] -= root[c, a] * found[c]
        found[a] /= root[a, a]
    return found
