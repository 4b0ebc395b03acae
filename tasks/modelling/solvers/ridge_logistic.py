"""Logistic regressions with an L2 penalty: of two or more classes, and of ranks under proportional odds. Newton's method.

Columns are turned once so that there are no more of them than cases: the penalty is the same in every direction, so that this
changes no prediction, and a thousand columns cost what a hundred cases do.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import cho_factor, cho_solve
from scipy.special import expit

Floats = NDArray[np.float64]
Codes = NDArray[np.intp]

MOST_STEPS = 200
ENOUGH = 1e-8  # the largest part of the gradient, as a share of the sum of case weights
Derived = Callable[
    [Floats], tuple[float, Floats, Floats]
]  # the loss at a point, its gradient and its second derivative


@dataclass(frozen=True, eq=False)
class Turned:
    """Z: (n, r) the columns in another basis, r ≤ min(n, p). basis: (p, r) orthonormal, None where nothing was turned."""

    Z: Floats
    basis: Floats | None

    @classmethod
    def of(cls, X: Floats) -> Turned:
        """Columns (n, p), finite."""
        if X.shape[1] <= len(X):
            return cls(np.asarray(X, np.float64), None)
        basis, root = np.linalg.qr(X.T)
        return cls(np.ascontiguousarray(root.T), basis)

    def back(self, weights: Floats) -> Floats:
        """Weights of turned columns, (r, …), as weights of the columns, (p, …)."""
        return weights if self.basis is None else np.asarray(self.basis @ weights)


def ridge_multinomial(Z: Floats, codes: Codes, classes: int, C: float, start: Floats | None = None) -> Floats:
    """Intercepts and weights, (classes, 1 + r), of least C × sum of losses + half the squared weights; of two classes (1, 1 + r).

    Z: (n, r) finite. codes: (n,) 0 to classes − 1, each of which occurs. C: inverse penalty as in scikit-learn. The intercepts
    bear no penalty; of several classes they sum to 0. start: where to begin. Raises ArithmeticError where no optimum is found.
    Krishnapuram et al., IEEE Trans Pattern Anal Mach Intell 2005;27:957.
    """
    n, r = Z.shape
    A = np.column_stack([np.ones(n), Z])
    if classes == 2:
        y = codes.astype(np.float64)
        begin = np.zeros(1 + r) if start is None else start.ravel()
        return _newton(lambda b: _of_two(A, y, C, b), begin, C * n, "ridge_logistic").reshape(1, -1)
    one_hot, free = np.eye(classes)[codes], _sum_to_zero(classes)
    begin = np.zeros((classes - 1) * (1 + r)) if start is None else (free.T @ start).ravel()
    found = _newton(lambda b: _of_several(A, one_hot, free, C, b), begin, C * n, "ridge_logistic")
    return np.asarray(free @ found.reshape(classes - 1, 1 + r))


def _sum_to_zero(classes: int) -> Floats:
    """Orthonormal columns, (classes, classes − 1), each of which sums to 0: at the optimum weights sum to 0 over the classes."""
    return np.asarray(np.linalg.qr(np.column_stack([np.ones(classes), np.eye(classes)[:, :-1]]))[0][:, 1:])


def ridge_proportional_odds(Z: Floats, codes: Codes, ranks: int, C: float) -> tuple[Floats, Floats]:
    """Thresholds, (ranks − 1,) rising, and weights, (r,): log odds of a rank of at most k are threshold k − Z @ weights.

    Least C × sum of losses + half the squared weights; thresholds bear no penalty. codes: (n,) 0 to ranks − 1, each of which
    occurs. Raises ArithmeticError where no optimum is found. McCullagh, J R Stat Soc B 1980;42:109.
    """
    share = np.bincount(codes, minlength=ranks).cumsum()[:-1] / len(codes)
    start = np.concatenate([np.log(share / (1 - share)), np.zeros(Z.shape[1])])
    found = _newton(lambda b: _of_ranks(Z, codes, ranks, C, b), start, C * len(codes), "proportional odds")
    return found[: ranks - 1], found[ranks - 1 :]


def _newton(derived: Derived, start: Floats, size: float, what: str) -> Floats:
    """Where a convex function is least: steps are halved until it falls."""
    point = start
    loss, gradient, curve = derived(point)
    for _ in range(MOST_STEPS):
        if np.abs(gradient).max() <= ENOUGH * size:
            return point
        try:
            direction = cho_solve(cho_factor(curve, check_finite=False), gradient, check_finite=False)
        except np.linalg.LinAlgError:
            direction = np.linalg.lstsq(curve, gradient, rcond=None)[0]
        step, slope = 1.0, float(gradient @ direction)
        while True:
            there = derived(point - step * direction)
            if there[0] <= loss - 1e-4 * step * slope + 1e-13 * abs(loss):
                break
            step *= 0.5
            if step < 1e-10:
                return _near_enough(point, gradient, size, what)
        point = point - step * direction
        loss, gradient, curve = there
    return _near_enough(point, gradient, size, what)


def _near_enough(point: Floats, gradient: Floats, size: float, what: str) -> Floats:
    """The point, where rounding alone keeps the gradient from zero."""
    left = float(np.abs(gradient).max()) / size
    if not left <= 1e-6:
        raise ArithmeticError(
            f"{what}: no optimum in {MOST_STEPS} steps, gradient {left:.2g} of a case; scale the columns, or lower C"
        )
    return point


def _of_two(A: Floats, y: Floats, C: float, b: Floats) -> tuple[float, Floats, Floats]:
    odds = A @ b
    likely = expit(odds)
    loss = C * float((np.logaddexp(0.0, odds) - y * odds).sum()) + 0.5 * float(b[1:] @ b[1:])
    gradient = C * (A.T @ (likely - y))
    gradient[1:] += b[1:]
    curve = C * (A.T * np.maximum(likely * (1.0 - likely), 1e-12)) @ A
    curve[np.arange(1, len(b)), np.arange(1, len(b))] += 1.0
    return loss, gradient, curve


def _of_several(A: Floats, one_hot: Floats, free: Floats, C: float, b: Floats) -> tuple[float, Floats, Floats]:
    """b: the weights, (classes, width), in the basis `free` of those that sum to 0."""
    width, basis = A.shape[1], free.shape[1]
    V = b.reshape(basis, width)
    odds = A @ V.T @ free.T
    top = odds.max(axis=1, keepdims=True)
    likely = np.exp(odds - top)
    total = likely.sum(axis=1, keepdims=True)
    likely /= total
    loss = C * float((np.log(total) + top - (odds * one_hot).sum(axis=1, keepdims=True)).sum())
    loss += 0.5 * float((V[:, 1:] ** 2).sum())
    gradient = C * ((likely - one_hot) @ free).T @ A
    gradient[:, 1:] += V[:, 1:]
    curve, mean = np.empty((basis, width, basis, width)), likely @ free
    for k in range(basis):
        for m in range(k + 1):
            weight = C * (likely @ (free[:, k] * free[:, m]) - mean[:, k] * mean[:, m])
            own = (A.T * weight) @ A
            if k == m:
                own[np.arange(1, width), np.arange(1, width)] += 1.0
                own[0, 0] += 1e-12 * C * len(A)
            curve[k, :, m, :] = own
            curve[m, :, k, :] = own.T
    return loss, gradient.ravel(), curve.reshape(basis * width, basis * width)


def _of_ranks(Z: Floats, codes: Codes, ranks: int, C: float, b: Floats) -> tuple[float, Floats, Floats]:
    """Infinite where thresholds do not rise."""
    n, steps = len(Z), ranks - 1
    cuts, weights = b[:steps], b[steps:]
    if (np.diff(cuts) <= 0).any():
        return np.inf, b, np.eye(len(b))
    score = Z @ weights
    ends = np.concatenate([[-np.inf], cuts, [np.inf]])
    low, high = ends[codes] - score, ends[codes + 1] - score
    below, above = expit(low), expit(high)
    # of two ends above 0 the other tails, which lose no digits
    likely = np.maximum(np.where(low > 0, expit(-low) - expit(-high), above - below), 1e-300)
    slope_low, slope_high = below * expit(-low), above * expit(-high)
    one, two = -slope_low / likely, slope_high / likely  # slopes of log likelihood by the lower and the upper end
    bend_low = -slope_low * (1.0 - 2.0 * below) / likely - one**2
    bend_high = slope_high * (1.0 - 2.0 * above) / likely - two**2
    bend_both = -one * two
    lower, upper = np.zeros((n, steps)), np.zeros((n, steps))
    has_low, has_high = codes > 0, codes < steps
    lower[has_low, codes[has_low] - 1] = 1.0
    upper[has_high, codes[has_high]] = 1.0
    down, up = np.column_stack([lower, -Z]), np.column_stack([upper, -Z])
    down[~has_low] = 0.0
    up[~has_high] = 0.0
    gradient = -C * (down.T @ one + up.T @ two)
    cross = (down.T * bend_both) @ up
    curve = -C * ((down.T * bend_low) @ down + (up.T * bend_high) @ up + cross + cross.T)
    gradient[steps:] += weights
    curve[np.arange(steps, len(b)), np.arange(steps, len(b))] += 1.0
    loss = -C * float(np.log(likely).sum()) + 0.5 * float(weights @ weights)
    return loss, gradient, curve
