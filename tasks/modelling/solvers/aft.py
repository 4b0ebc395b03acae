"""Accelerated failure time regression with a ridge penalty, by Newton's method."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, log_ndtr, ndtr

from tasks.modelling.distribution import Distribution

Floats = NDArray[np.float64]

_ENOUGH = 1e-12  # of the decrement of the mean log likelihood at which it ends
_SHARPEST = 1e-8  # scale of the logarithm of time, below which events come on one day
_FARTHEST = 500.0  # of a standardised log time: its exponential is finite
_ROOT = np.sqrt(2 * np.pi)


class AftFit(NamedTuple):
    """Of the logarithm of time: intercept + columns × coefficients + scale × an error of the distribution.

    height: the mean log likelihood of the logarithms of times, less the penalty: all distributions have as many parameters.
    """

    coefficients: Floats
    intercept: float
    scale: float
    height: float


class _Terms(NamedTuple):
    """What each case adds to the log likelihood, and its first two derivatives by the standardised log time, (n,) each."""

    value: Floats
    slope: Floats
    curve: Floats


def fit_aft(
    X: Floats,
    event: NDArray[np.bool_],
    days: Floats,
    distribution: Distribution,
    penalty: float,
    *,
    most_steps: int = 200,
) -> AftFit:
    """The highest mean log likelihood less penalty / 2 × the squares of the coefficients of standardised columns.

    X: (n, p) finite. event, days: (n,) right-censored follow-up, days above 0. Standardised: for one standard deviation
    (ddof 1), as lifelines' fitters take their penalizer. Raises ValueError for other days or without any event, ArithmeticError
    where no optimum is found. R's survreg gives the same without a penalty; lifelines 0.30 ends its search up to 1e-3 before, takes
    hundreds of times as long, and penalises the logarithm of the shape, too.
    Wei, Stat Med 1992;11:1871; Kalbfleisch & Prentice, Statistical Analysis of Failure Time Data 2002, chapter 3.
    """
    if not event.any():
        raise ValueError("accelerated failure time needs at least one event")
    if not (days > 0).all():
        raise ValueError(f"accelerated failure time needs days above 0; the lowest is {days.min():g}")
    n, p = X.shape
    spread = X.std(axis=0, ddof=1)
    spread = np.where(spread > 0, spread, 1.0)
    middle = X.mean(axis=0)
    Z, log_days = np.column_stack([np.ones(n), (X - middle) / spread]), np.log(days)
    terms = _TERMS[distribution]
    ridge = np.full(p + 2, penalty)
    ridge[0] = ridge[-1] = 0.0

    def rate(theta: Floats) -> float:
        """1 over the scale; a step that is tried may go anywhere."""
        return float(np.exp(np.minimum(-theta[-1], _FARTHEST)))

    def height(theta: Floats) -> tuple[float, Floats, _Terms]:
        w = np.clip((log_days - Z @ theta[:-1]) * rate(theta), -_FARTHEST, _FARTHEST)
        found = terms(w, event)
        return float((found.value - event * theta[-1]).mean() - 0.5 * (ridge * theta**2).sum()), w, found

    # of an exponential distribution without columns the scale is the time at risk of an event
    theta = np.zeros(p + 2)
    theta[0] = np.log(days.sum() / event.sum())
    value, w, found = height(theta)
    damping = 0.0
    for _ in range(most_steps):
        s = rate(theta)
        slope = np.append(-s * (Z.T @ found.slope), -(found.slope * w).sum() - event.sum()) / n - ridge * theta
        curve = np.empty((p + 2, p + 2))
        curve[:-1, :-1] = s * s * (Z.T * found.curve) @ Z
        curve[-1, :-1] = curve[:-1, -1] = s * (Z.T @ (found.curve * w + found.slope))
        curve[-1, -1] = (found.curve * w * w + found.slope * w).sum()
        curve = np.diag(ridge) - curve / n
        while True:  # towards the gradient until the likelihood rises
            step = _solved(curve, slope, damping)
            if step is not None:
                now, new_w, new_found = height(theta + step)
                if np.isfinite(now) and now >= value - 1e-13 * abs(value):
                    break
            damping = max(4 * damping, 1e-6)
            if damping > 1e12:
                raise ArithmeticError(f"accelerated failure time, {distribution}: no step makes it better")
        if (theta + step)[-1] < np.log(_SHARPEST):
            raise ArithmeticError(
                f"accelerated failure time, {distribution}: the columns tell the days of events exactly, or all are the same day, "
                "so that no scale of time is the likeliest"
            )
        gain = float(slope @ step)
        theta, value, w, found, damping = theta + step, now, new_w, new_found, damping / 16 if damping > 1e-6 else 0.0
        if gain <= _ENOUGH and damping == 0.0:
            b = theta[1:-1] / spread
            return AftFit(b, float(theta[0] - (b * middle).sum()), float(np.exp(theta[-1])), value)
    raise ArithmeticError(f"accelerated failure time, {distribution}: no optimum within {most_steps} steps")


def share_by(distribution: Distribution, w: Floats) -> Floats:
    """The share that has had its event by a standardised log time, like w."""
    if distribution == "weibull":
        return np.asarray(-np.expm1(-np.exp(np.minimum(w, _FARTHEST))), np.float64)
    return np.asarray(ndtr(w) if distribution == "log_normal" else expit(w), np.float64)


def _solved(curve: Floats, slope: Floats, damping: float) -> Floats | None:
    """Newton's step with a damped curvature; None where that is not positive definite."""
    try:
        root = np.linalg.cholesky(curve + damping * np.diag(np.maximum(np.abs(np.diag(curve)), 1e-12)))
    except np.linalg.LinAlgError:
        return None
    found: Floats = np.linalg.solve(root.T, np.linalg.solve(root, slope))
    return found if np.isfinite(found).all() else None


def _weibull(w: Floats, event: NDArray[np.bool_]) -> _Terms:
    hazard = np.exp(w)
    return _Terms(event * w - hazard, event - hazard, -hazard)


def _log_logistic(w: Floats, event: NDArray[np.bool_]) -> _Terms:
    p, times = expit(w), 1.0 + event
    return _Terms(event * w - times * np.logaddexp(0.0, w), event - times * p, -times * p * (1 - p))


def _log_normal(w: Floats, event: NDArray[np.bool_]) -> _Terms:
    later = log_ndtr(-w)
    density = -0.5 * w * w - np.log(_ROOT)
    hazard = np.exp(density - later)
    return _Terms(
        np.where(event, density, later),
        np.where(event, -w, -hazard),
        np.where(event, -1.0, -hazard * np.maximum(hazard - w, 0.0)),
    )


_TERMS: dict[Distribution, Callable[[Floats, NDArray[np.bool_]], _Terms]] = {
    "weibull": _weibull,
    "log_normal": _log_normal,
    "log_logistic": _log_logistic,
}
