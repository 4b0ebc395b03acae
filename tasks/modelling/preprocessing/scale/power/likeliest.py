"""likeliest_powers: λ of the Yeo-Johnson transformation of many columns at once."""

from __future__ import annotations

import numpy as np

from tasks.modelling.rows import Floats

LOWEST, HIGHEST = -5.0, 5.0
_ROUNDS = 60
_CLOSE = 1e-7  # of λ
_SMALL = 0.05  # below this |z| a series is more exact


def transformed(X: Floats, power: Floats) -> Floats:
    """Yeo-Johnson of columns (n, p), by powers (p,); NaN stays NaN."""
    sign, length = np.where(X < 0, -1.0, 1.0), np.log1p(np.abs(X))
    return np.asarray(sign * length * _exponential(np.where(X < 0, 2.0 - power, power) * length)[0])


def likeliest_powers(X: Floats) -> Floats:
    """The λ between −5 and 5 at which the transformed column is likeliest a normal sample, (p,); 1 where it does not vary.

    X: (n, p) of moderate size, NaN where missing.
    Newton's method on the slope of the profile likelihood, halving the interval where a step leaves it.
    """
    known = ~np.isnan(X)
    filled = np.where(known, X, 0.0)
    count = np.maximum(known.sum(axis=0), 1.0)
    varies = np.fmax.reduce(X, axis=0, initial=-np.inf) > np.fmin.reduce(X, axis=0, initial=np.inf)
    power = np.ones(X.shape[1])
    low, high = np.full_like(power, LOWEST), np.full_like(power, HIGHEST)
    todo = np.flatnonzero(varies)
    for _ in range(_ROUNDS):
        if not len(todo):
            break
        slope, curve = _slopes(filled[:, todo], known[:, todo], count[todo], power[todo])
        low[todo] = np.where(slope > 0, power[todo], low[todo])
        high[todo] = np.where(slope > 0, high[todo], power[todo])
        with np.errstate(divide="ignore", invalid="ignore"):
            new = power[todo] - slope / curve
        inside = (curve < 0) & (new > low[todo]) & (new < high[todo])
        new = np.where(inside, new, (low[todo] + high[todo]) / 2)
        moved = np.abs(new - power[todo])
        power[todo] = new
        todo = todo[moved > _CLOSE]
    return power


def _slopes(X: Floats, known: Floats, count: Floats, power: Floats) -> tuple[Floats, Floats]:
    """First and second derivative of the profile log likelihood by λ, over the number of cases, (p,) each."""
    negative = X < 0
    sign, length = np.where(negative, -1.0, 1.0), np.log1p(np.abs(X))
    value, first, second = _exponential(np.where(negative, 2.0 - power, power) * length)
    T, D, E = sign * length * value, length**2 * first, sign * length**3 * second
    T, D, E = (np.where(known, one - (one * known).sum(axis=0) / count, 0.0) for one in (T, D, E))
    variance = np.maximum((T * T).sum(axis=0), np.finfo(float).tiny)
    cross = (T * D).sum(axis=0) / variance
    slope = -cross + (sign * length).sum(axis=0) / count
    curve = -((D * D + T * E).sum(axis=0) / variance - 2.0 * cross**2)
    return slope, curve


def _exponential(z: Floats) -> tuple[Floats, Floats, Floats]:
    """(eᶻ − 1) / z and its first two derivatives."""
    is_small = np.abs(z) < _SMALL
    safe = np.where(is_small, 1.0, z)
    grown = np.exp(safe)
    value = np.expm1(safe) / safe
    first = (grown * (safe - 1.0) + 1.0) / safe**2
    second = (grown * (safe * safe - 2.0 * safe + 2.0) - 2.0) / safe**3
    if is_small.any():
        s = np.where(is_small, z, 0.0)
        value = np.where(is_small, 1.0 + s / 2 * (1 + s / 3 * (1 + s / 4 * (1 + s / 5 * (1 + s / 6)))), value)
        first = np.where(is_small, 1 / 2 + s * (1 / 3 + s * (1 / 8 + s * (1 / 30 + s * (1 / 144 + s / 840)))), first)
        second = np.where(is_small, 1 / 3 + s * (1 / 4 + s * (1 / 10 + s * (1 / 36 + s * (1 / 168 + s / 960)))), second)
    return value, first, second
