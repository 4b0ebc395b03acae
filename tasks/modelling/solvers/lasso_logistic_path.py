"""The path of LASSO logistic regressions over penalties: one call, a free intercept, nothing random."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from features.core.compiled import njit
from features.core.portable import exp
from tasks.modelling.solvers.lasso_quadratic import solve_quadratic, violation
from tasks.modelling.solvers.sums import by_column, product, products
from tasks.modelling.solvers.working_set import enter, foreseen, larger, leave, silence_twins

Floats = NDArray[np.float64]

MOST_ROUNDS = 500
DRIFT = 0.3  # curvatures serve on until one of them has changed by this share
LEAST_CURVE = 1e-9  # of a case whose probability is 0 or 1, so that steps stay finite; a step that overshoots is halved


def lasso_logistic_path(
    X: Floats,
    y: NDArray[np.bool_],
    weights: Floats,
    penalties: Floats,
    *,
    l1_ratio: float = 1.0,
    tolerance: float | Floats = 1e-6,
    offset: Floats | None = None,
) -> Floats:
    """Intercept and coefficients at each penalty, (penalties, 1 + p): least mean loss + penalty × sum of their sizes.

    l1_ratio: above 0 and at most 1; below 1 it is an elastic net: penalty × (l1_ratio × sum of sizes + (1 − l1_ratio) × half
    the sum of squares).

    X: (n, p) finite; columns are taken as they are, so standardise them first. y: (n,) no and yes. weights: (n,) of the cases,
    0 or more; only their ratios count, and the mean loss is the weighted one. penalties: decreasing, above 0; the C of scikit-
    learn is 1 / (n × penalty). The intercept is never penalised. tolerance: how far the optimality conditions may be violated,
    as a share of the penalty, one for all or one for each. Constant columns have the coefficient 0; of columns that are equal
    but for their sign one has it all, the first where they enter together (in an elastic net they share it). offset: (n,) log
    odds that are known already, none: 0. Raises ValueError
    for another input or one class alone, ArithmeticError if the conditions cannot be met.

    Newton steps on a working set of columns, each a quadratic with the penalty that is solved to its end; curvatures serve
    several steps and penalties. Friedman et al., J Stat Softw 2010;33:1; Tibshirani et al., J R Stat Soc B 2012;74:245.
    """
    X, y, weights, penalties = checked_path(X, y, weights, penalties)
    if not 0.0 < l1_ratio <= 1.0:
        raise ValueError(f"l1_ratio is {l1_ratio}; allowed: above 0, at most 1")
    counts = weights > 0
    if not 0.0 < weights[y > 0].sum() < weights.sum():
        raise ValueError("a logistic regression needs cases of both classes")
    rows = np.ascontiguousarray(X[counts])
    share = weights[counts] / weights.sum()
    sizes, squares = l1_ratio * penalties, (1.0 - l1_ratio) * penalties
    allowed = np.ascontiguousarray(tolerance * sizes)
    answers = y[counts].astype(np.float64)
    known, start = np.zeros(len(rows)), np.nan
    if offset is not None:
        known = np.asarray(offset, np.float64)[counts]
        start = intercept_beside(known, answers, share)
    path, reached = _path(rows, np.ascontiguousarray(rows.T), answers, share, known, start, sizes, squares, allowed)
    if reached < len(penalties):
        raise ArithmeticError(f"LASSO logistic: no optimum found at the penalty {penalties[reached]:.3g}")
    return np.asarray(path)


def intercept_beside(offset: Floats, answers: Floats, weights: Floats) -> float:
    """The intercept with which log odds that are known, (n,), foretell as many of the answers as there are, without any column.

    answers: (n,) 0 or 1, of both. weights: (n,) that sum to 1.
    """
    from scipy.optimize import brentq

    share = float(weights @ answers)
    odds = math.log(share / (1.0 - share))
    low, high = odds - float(offset.max()), odds - float(offset.min())  # each foretells too few, or too many

    def lacks(intercept: float) -> float:
        small = exp(-np.abs(offset + intercept))
        likely = np.where(offset + intercept >= 0.0, 1.0, small) / (1.0 + small)
        return share - float((weights * likely).sum())

    if high - low < 1e-12 or lacks(low) <= 0.0:
        return low
    return high if lacks(high) >= 0.0 else float(brentq(lacks, low, high, xtol=1e-13))


def checked_path(
    X: Floats, y: NDArray[np.bool_], weights: Floats, penalties: Floats
) -> tuple[Floats, NDArray[np.bool_], Floats, Floats]:
    """The input of a path as arrays. Raises ValueError, in words, where it is none."""
    X, weights = np.asarray(X, np.float64), np.asarray(weights, np.float64)
    y, penalties = np.asarray(y, np.bool_), np.asarray(penalties, np.float64)
    if not (len(X) == len(y) == len(weights)):
        raise ValueError(f"a path needs as many answers and weights as cases: {len(X)}, {len(y)}, {len(weights)}")
    if not (np.isfinite(X).all() and np.isfinite(weights).all() and (weights >= 0).all()):
        raise ValueError("a path needs finite values, and weights of 0 or more")
    if not (np.isfinite(penalties).all() and (penalties > 0).all() and (np.diff(penalties) < 0).all()):
        raise ValueError("a path needs penalties above 0 that fall")
    return X, y, weights, np.ascontiguousarray(penalties)


@njit(cache=True)
def _path(
    X: Floats,
    Xt: Floats,
    y: Floats,
    weights: Floats,
    offset: Floats,
    start: float,
    penalties: Floats,
    ridges: Floats,
    allowed: Floats,
) -> tuple[Floats, int]:
    """The path, and at how many penalties it was found. X: (n, p), Xt: (p, n). weights: sum to 1.

    offset: (n,) log odds that are known. start: the intercept beside them, NaN where none are.

    penalties, ridges: of the sizes of coefficients, and of half their squares.

    work: the columns inside, of which the first `known` have their curvatures in G. A: their values, less their mean and
    times the root of the cases' curvature.
    """
    p, n = Xt.shape
    path, b, g, earlier = np.zeros((len(penalties), p + 1)), np.zeros(p), np.zeros(p), np.zeros(p)
    room = min(p, 128)
    G, A, mean = np.empty((room, room)), np.empty((n, room)), np.empty(room)
    inner, d, u = np.empty(room), np.empty(room), np.empty(room)
    work, inside, size, known, total = np.empty(p, np.int64), np.zeros(p, np.bool_), 0, 0, 0.0
    positive = 0.0
    for i in range(n):
        positive += weights[i] * y[i]
    intercept = math.log(positive / (1.0 - positive)) if math.isnan(start) else start
    eta, residual, curve = offset + intercept, np.empty(n), np.empty(n)
    new_eta, new_residual, new_curve = np.empty(n), np.empty(n), np.empty(n)
    used, root, change = np.empty(n), np.empty(n), np.empty(n)
    loss = _loss(eta, y, weights, residual, curve)
    by_column(X, residual, g)
    earlier[:] = g
    last = second_last = max(np.abs(g).max(), penalties[0])
    ridge = 0.0
    for k in range(len(penalties)):
        penalty = penalties[k]
        enough = allowed[k]
        share = min((last - penalty) / (second_last - last), 2.0) if second_last > last else 0.0
        size = enter(foreseen(g, earlier, share), penalty, work, inside, size)
        earlier[:] = g
        second_last, last = last, penalty
        for c in range(size):
            g[work[c]] -= (ridges[k] - ridge) * b[work[c]]
        for c in range(known):
            G[c, c] += ridges[k] - ridge
        ridge = ridges[k]
        rounds, is_done = 0, False
        while not is_done:
            if rounds == MOST_ROUNDS:
                return path, k
            if known == 0 or rounds >= 2 or _drift(curve, used) > DRIFT:
                size, known, total = leave(b, g, 0.9 * penalty, work, inside, size), 0, 0.0
                used[:] = curve
                for i in range(n):
                    total += used[i]
                    root[i] = math.sqrt(used[i])
            rounds += 1
            if size > room:
                room = min(p, 2 * size)
                G, A = larger(G, room, room), larger(A, n, room)
                wider = np.empty(room)
                wider[: len(mean)] = mean
                mean, inner, d, u = wider, np.empty(room), np.empty(room), np.empty(room)
            if known < size:
                _curve_columns(Xt, work, known, size, used, root, total, A, mean)
                products(A, known, size, G)
                if ridge == 0.0:
                    silence_twins(G, Xt, work, known, size)
                for c in range(known, size):
                    G[c, c] += ridge
                known = size
            slope, old_size, new_size = residual.sum(), 0.0, 0.0
            old_square = 0.0
            for c in range(size):
                inner[c] = b[work[c]]
                u[c] = g[work[c]] - mean[c] * slope
                old_size += abs(inner[c])
                old_square += inner[c] * inner[c]
            solve_quadratic(G, u, inner, d, size, penalty, 0.3 * enough)
            shift = slope / total
            for c in range(size):
                shift -= d[c] * mean[c]
            change[:] = shift
            for c in range(size):
                if d[c] != 0.0:
                    x, value = Xt[work[c]], d[c]
                    for i in range(n):
                        change[i] += value * x[i]
            step = 2.0
            while True:  # the whole step, or half of it until the loss falls
                step *= 0.5
                new_size = new_square = 0.0
                for c in range(size):
                    there = b[work[c]] + step * d[c]
                    new_size += abs(there)
                    new_square += there * there
                for i in range(n):
                    new_eta[i] = eta[i] + step * change[i]
                new_loss = _loss(new_eta, y, weights, new_residual, new_curve)
                more = penalty * (new_size - old_size) + 0.5 * ridge * (new_square - old_square)
                if new_loss + more <= loss + 1e-12 * abs(loss) or step < 1e-9:
                    break
            for c in range(size):
                b[work[c]] = inner[c] if step == 1.0 else b[work[c]] + step * d[c]
            intercept, loss = intercept + step * shift, new_loss
            eta, new_eta = new_eta, eta
            residual, new_residual = new_residual, residual
            curve, new_curve = new_curve, curve
            for c in range(size):
                inner[c] = b[work[c]]
                g[work[c]] = u[c] = product(Xt[work[c]], residual) - ridge * inner[c]
            if max(violation(u, inner, size, penalty), abs(residual.sum())) <= enough:
                by_column(X, residual, g)
                for c in range(size):
                    g[work[c]] -= ridge * inner[c]
                entered = enter(np.abs(g), penalty + enough, work, inside, size)
                if entered > size:  # the curvatures serve on
                    size, rounds = entered, min(rounds, 1)
                else:
                    is_done = True
        path[k, 0] = intercept
        path[k, 1:] = b
    return path, len(penalties)


@njit(cache=True)
def _loss(eta: Floats, y: Floats, weights: Floats, residual: Floats, curve: Floats) -> float:
    """The mean loss; writes its falling gradient and its curvature by the log odds of each case."""
    loss = 0.0
    for i in range(len(eta)):
        small = math.exp(-abs(eta[i]))
        likely = 1.0 / (1.0 + small)  # of the likelier class
        loss += weights[i] * (max(eta[i], 0.0) + math.log1p(small) - y[i] * eta[i])
        curve[i] = weights[i] * max(likely * likely * small, LEAST_CURVE)
        residual[i] = weights[i] * (y[i] - (likely if eta[i] >= 0.0 else 1.0 - likely))
    return loss


@njit(cache=True)
def _drift(curve: Floats, used: Floats) -> float:
    """The largest change of a curvature, as a share."""
    largest = 0.0
    for i in range(len(curve)):
        largest = max(largest, abs(curve[i] / used[i] - 1.0))
    return largest


@njit(cache=True)
def _curve_columns(
    Xt: Floats,
    work: NDArray[np.int64],
    known: int,
    size: int,
    used: Floats,
    root: Floats,
    total: float,
    A: Floats,
    mean: Floats,
) -> None:
    """Writes the new columns, less their mean and times the root of the curvature, and their means."""
    for c in range(known, size):
        x = Xt[work[c]]
        middle = product(used, x) / total
        mean[c] = middle
        for i in range(len(x)):
            A[i, c] = root[i] * (x[i] - middle)
