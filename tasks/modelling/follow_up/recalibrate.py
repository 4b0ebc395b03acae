"""The line that predicted incidences would have to be put on to be right by a day, cases that are censored weighed out."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from tasks.modelling.recalibration import Line

Floats = NDArray[np.float64]
_STEPS, _ENOUGH, _MOST, _LEAST = 100, 1e-9, 1e3, 1e-6
_ALIKE = "all predictions are equal"


def recalibrate_by_day(seen: NDArray[np.bool_], weight: Floats, incidence: Floats, *, slope: bool) -> Line:
    """The intercept with a slope of 1, or the slope beside an intercept of its own, of log(−log(1 − incidence)).

    seen: (n,) who had the event by the day. weight: (n,) of each, 0 of the censored. incidence: (n,) as it was predicted, between
    0 and 1. Maximum weighted likelihood of a binomial regression with complementary log-log link, on which scale hazards
    that are proportional lie in parallel. van Geloven et al., BMJ 2022;377:e069249, who take pseudo-values in the place of weights.
    """
    if reason := _lacks(seen, weight, incidence):
        return Line(reason=reason)
    said = np.log(-np.log1p(-incidence))
    spread = float(said.std())
    if slope and not spread > 1e-9 * max(1.0, float(np.abs(said).max())):
        return Line(reason=_ALIKE)
    X = np.column_stack([np.ones(len(said)), said]) if slope else np.ones((len(said), 1))
    offset, beta, y = (np.zeros(len(said)) if slope else said), np.zeros(X.shape[1]), seen.astype(float)
    if slope:
        beta[1] = 1.0
    now, score, H = _likelihood(X, offset, beta, y, weight)
    for _ in range(_STEPS):
        try:
            step = np.linalg.solve(H, score.sum(axis=0))
        except np.linalg.LinAlgError:
            return Line(reason=_ALIKE)
        size = 1.0
        ahead = _likelihood(X, offset, beta + step, y, weight)
        while ahead[0] < now and size > _LEAST:  # it is concave: a part of the step climbs
            size /= 2
            ahead = _likelihood(X, offset, beta + size * step, y, weight)
        beta = beta + size * step
        now, score, H = ahead
        if abs(beta[-1] * (spread if slope else 1.0)) > _MOST:
            break
        if np.abs(step).max() < _ENOUGH * max(1.0, float(np.abs(beta).max())):
            return Line(float(beta[-1]), np.asarray(np.linalg.solve(H, score.T)[-1]))
    return Line(reason="the predictions separate who had the event by the day")


def _likelihood(X: Floats, offset: Floats, beta: Floats, y: Floats, weight: Floats) -> tuple[float, Floats, Floats]:
    """The logarithm of the likelihood, what each case adds to its slope (n, k), and its curvature (k, k)."""
    hazard = np.exp(np.clip(offset + (X * beta).sum(axis=1), -30.0, 6.0))
    mean = -np.expm1(-hazard)
    said = float((weight * (y * np.log(mean) - (1 - y) * hazard)).sum())
    score = X * (weight * hazard / mean * (y - mean))[:, None]
    bend = weight * np.where(y > 0, hazard / np.expm1(hazard) * (hazard / mean - 1), hazard)
    return said, score, np.asarray((X[:, :, None] * X[:, None, :] * bend[:, None, None]).sum(axis=0))


def _lacks(seen: NDArray[np.bool_], weight: Floats, incidence: Floats) -> str:
    """Why there can be no line."""
    known = weight > 0
    hits = int(seen[known].sum())
    if hits in (0, int(known.sum())):
        return (
            f"by the day {hits} of {int(known.sum())} cases that are still known had the event, and a line needs both"
        )
    if edge := int(((incidence <= 0) | (incidence >= 1)).sum()):
        are = "case is" if edge == 1 else "cases are"
        return (
            f"{edge} of {len(incidence)} {are} predicted to have an incidence of exactly 0 or 1, which no line can move"
        )
    return ""
