"""The path of multinomial LASSO regressions over penalties: all classes in one likelihood, free intercepts, nothing random."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from features.core.compiled import njit
from tasks.modelling.solvers.lasso_logistic_path import LEAST_CURVE, MOST_ROUNDS, checked_path
from tasks.modelling.solvers.lasso_quadratic import solve_quadratic, violation
from tasks.modelling.solvers.sums import by_column, product, products
from tasks.modelling.solvers.working_set import ALIKE, SAME, enter, foreseen, larger, leave

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Codes = NDArray[np.intp]


def lasso_multinomial_path(
    X: Floats,
    codes: Codes,
    classes: int,
    weights: Floats,
    penalties: Floats,
    *,
    l1_ratio: float = 1.0,
    tolerance: float = 1e-6,
) -> Floats:
    """Intercepts and coefficients at each penalty, (penalties, classes, 1 + p): least mean loss + penalty × sum of all sizes.

    X: (n, p) finite, standardised beforehand. codes: (n,) 0 to classes − 1, each of which occurs; three classes or more. weights,
    penalties, l1_ratio, tolerance: as of lasso_logistic_path. Every class has coefficients, without a class that the others are
    measured from; the intercepts bear no penalty and sum to 0. Probabilities are those of one optimum; of an even number of classes
    without an L2 penalty, coefficients of a column may be moved together at no cost, and one of these optima is found. Of columns
    that are equal but for their sign one has it all.
    Raises ValueError for another input, ArithmeticError if the conditions cannot be met.

    Newton steps over all classes on a working set of coefficients. Friedman et al., J Stat Softw 2010;33:1, section 4, who take
    the classes in turns; Simon et al., arXiv:1311.6529.
    """
    X, _, weights, penalties = checked_path(X, codes > 0, weights, penalties)
    if not 0.0 < l1_ratio <= 1.0:
        raise ValueError(f"l1_ratio is {l1_ratio}; allowed: above 0, at most 1")
    counts = weights > 0
    seen = np.bincount(codes[counts], minlength=classes)
    if classes < 3 or len(seen) > classes or not (seen > 0).all():
        raise ValueError(
            f"a multinomial regression needs cases of each of three classes or more; found {seen.tolist()}"
        )
    rows = np.ascontiguousarray(X[counts])
    share = weights[counts] / weights.sum()
    sizes, squares = l1_ratio * penalties, (1.0 - l1_ratio) * penalties
    answers = np.ascontiguousarray(codes[counts], np.int64)
    path, reached = _path(
        rows, np.ascontiguousarray(rows.T), answers, classes, share, sizes, squares, tolerance * sizes
    )
    if reached < len(penalties):
        raise ArithmeticError(f"multinomial LASSO: no optimum found at the penalty {penalties[reached]:.3g}")
    return np.asarray(path)


@njit(cache=True)
def _path(
    X: Floats,
    Xt: Floats,
    codes: Ints,
    classes: int,
    weights: Floats,
    penalties: Floats,
    ridges: Floats,
    allowed: Floats,
) -> tuple[Floats, int]:
    """The path, and at how many penalties it was found. X: (n, p), Xt: (p, n). weights: sum to 1.

    Coefficients of all classes lie one after the other: that of column j and class k is number k·p + j. work: the numbers inside.
    A: a row for each case and class; what a coefficient adds to the log odds of that class there, less the mean over
    classes by their probability, times the root of the curvature. A'A is the curvature of the mean loss.
    """
    p, n = Xt.shape
    whole = classes * p
    path = np.zeros((len(penalties), classes, 1 + p))
    b, g, earlier, intercepts = np.zeros(whole), np.zeros(whole), np.zeros(whole), np.zeros(classes)
    for i in range(n):
        intercepts[codes[i]] += weights[i]
    intercepts[:] = np.log(intercepts)
    intercepts -= intercepts.mean()
    eta, new_eta = np.zeros((classes, n)), np.zeros((classes, n))
    for k in range(classes):
        eta[k] = intercepts[k]
    likely, new_likely, residual = np.empty((classes, n)), np.empty((classes, n)), np.empty((classes, n))
    loss = _loss(eta, codes, weights, likely)
    _residual(likely, codes, weights, residual)
    for k in range(classes):
        by_column(X, residual[k], g[k * p : (k + 1) * p])
    earlier[:] = g
    last = second_last = max(np.abs(g).max(), penalties[0])
    work, inside, size = np.empty(whole, np.int64), np.zeros(whole, np.bool_), 0
    room = min(whole, 128)
    G, A, B = np.empty((room, room)), np.empty((n * classes, room)), np.empty((room, classes))
    change, ridge = np.empty((classes, n)), 0.0
    for at in range(len(penalties)):
        penalty, enough = penalties[at], allowed[at]
        share = min((last - penalty) / (second_last - last), 2.0) if second_last > last else 0.0
        size = enter(foreseen(g, earlier, share), penalty, work, inside, size)
        earlier[:] = g
        second_last, last = last, penalty
        g -= (ridges[at] - ridge) * b
        ridge = ridges[at]
        rounds, is_done = 0, False
        while not is_done:
            if rounds == MOST_ROUNDS:
                return path, at
            if rounds >= 2:
                size = leave(b, g, 0.9 * penalty, work, inside, size)
            rounds += 1
            if size > room:
                room = min(whole, 2 * size)
                G, A, B = larger(G, room, room), larger(A, n * classes, room), np.empty((room, classes))
            inverse = _curve(Xt, work, size, weights, likely, A, B)
            products(A, 0, size, G)
            _without_intercepts(G, B, inverse, size)
            if ridge == 0.0:
                _silence_twins(G, Xt, work, size)
            inner, d, u, slope = np.empty(size), np.empty(size), np.empty(size), np.empty(classes)
            for k in range(classes):
                slope[k] = residual[k].sum()
            push = _times(inverse, slope)
            old_size = old_square = 0.0
            for c in range(size):
                G[c, c] += ridge
                inner[c] = b[work[c]]
                u[c] = g[work[c]] - product(B[c], push)
                old_size += abs(inner[c])
                old_square += inner[c] * inner[c]
            solve_quadratic(G, u, inner, d, size, penalty, 0.3 * enough)
            rest = slope.copy()
            for c in range(size):
                rest -= d[c] * B[c]
            shift = _times(inverse, rest)
            for k in range(classes):
                change[k] = shift[k]
            for c in range(size):
                if d[c] != 0.0:
                    x, value, row = Xt[work[c] % p], d[c], change[work[c] // p]
                    for i in range(n):
                        row[i] += value * x[i]
            step = 2.0
            while True:  # the whole step, or half of it until the loss falls
                step *= 0.5
                new_size = new_square = 0.0
                for c in range(size):
                    there = b[work[c]] + step * d[c]
                    new_size += abs(there)
                    new_square += there * there
                for k in range(classes):
                    for i in range(n):
                        new_eta[k, i] = eta[k, i] + step * change[k, i]
                new_loss = _loss(new_eta, codes, weights, new_likely)
                more = penalty * (new_size - old_size) + 0.5 * ridge * (new_square - old_square)
                if new_loss + more <= loss + 1e-12 * abs(loss) or step < 1e-9:
                    break
            for c in range(size):
                b[work[c]] = inner[c] if step == 1.0 else b[work[c]] + step * d[c]
            intercepts += step * shift
            loss = new_loss
            eta, new_eta = new_eta, eta
            likely, new_likely = new_likely, likely
            _residual(likely, codes, weights, residual)
            off = 0.0
            for k in range(classes):
                off = max(off, abs(residual[k].sum()))
            for c in range(size):
                inner[c] = b[work[c]]
                g[work[c]] = u[c] = product(Xt[work[c] % p], residual[work[c] // p]) - ridge * inner[c]
            if max(violation(u, inner, size, penalty), off) <= enough:
                for k in range(classes):
                    by_column(X, residual[k], g[k * p : (k + 1) * p])
                g -= ridge * b
                entered = enter(np.abs(g), penalty + enough, work, inside, size)
                is_done = entered == size
                size, rounds = entered, min(rounds, 1)
        path[at, :, 0] = intercepts - intercepts.mean()
        for k in range(classes):
            path[at, k, 1:] = b[k * p : (k + 1) * p]
    return path, len(penalties)


@njit(cache=True)
def _loss(eta: Floats, codes: Ints, weights: Floats, likely: Floats) -> float:
    """The mean loss of log odds (classes, n); writes the probabilities."""
    classes, n = eta.shape
    loss = 0.0
    for i in range(n):
        most = eta[0, i]
        for k in range(1, classes):
            most = max(most, eta[k, i])
        total = 0.0
        for k in range(classes):
            likely[k, i] = math.exp(eta[k, i] - most)
            total += likely[k, i]
        for k in range(classes):
            likely[k, i] /= total
        loss += weights[i] * (most + math.log(total) - eta[codes[i], i])
    return loss


@njit(cache=True)
def _residual(likely: Floats, codes: Ints, weights: Floats, residual: Floats) -> None:
    """Writes the falling gradient of the mean loss by the log odds, (classes, n)."""
    classes, n = likely.shape
    for k in range(classes):
        for i in range(n):
            residual[k, i] = weights[i] * ((1.0 if codes[i] == k else 0.0) - likely[k, i])


@njit(cache=True)
def _curve(Xt: Floats, work: Ints, size: int, weights: Floats, likely: Floats, A: Floats, B: Floats) -> Floats:
    """Writes A, and B: (size, classes) the products of its columns with those of the intercepts. Gives the inverse of the curvature
    of the intercepts, (classes, classes), whose rows sum to 0: a number that all intercepts share changes nothing."""
    p, n = Xt.shape
    classes = len(likely)
    curve = np.zeros((classes, classes))
    spread = np.empty((classes, classes, n))  # of two classes, of each case
    for k in range(classes):
        for m in range(classes):
            for i in range(n):
                value = weights[i] * (
                    max(likely[k, i] * (1.0 - likely[k, i]), LEAST_CURVE) if k == m else -likely[k, i] * likely[m, i]
                )
                spread[k, m, i] = value
                curve[k, m] += value
    for c in range(size):
        own, x = work[c] // p, Xt[work[c] % p]
        for m in range(classes):
            B[c, m] = product(spread[own, m], x)
        for k in range(classes):
            start = k * n
            for i in range(n):
                root = math.sqrt(weights[i] * max(likely[k, i], LEAST_CURVE))
                A[start + i, c] = root * ((1.0 if k == own else 0.0) - likely[own, i]) * x[i]
    found: Floats = _inverse(curve + 1.0 / classes) - 1.0 / classes  # of numbers that sum to 0 it is the inverse
    return found


@njit(cache=True)
def _inverse(M: Floats) -> Floats:
    """Of a small positive definite matrix, by Gauss and Jordan: LAPACK adds in the order of the processor."""
    size = len(M)
    left, found = M.copy(), np.eye(size)
    for k in range(size):
        pivot = left[k, k]
        for e in range(size):
            left[k, e] /= pivot
            found[k, e] /= pivot
        for c in range(size):
            if c != k:
                factor = left[c, k]
                for e in range(size):
                    left[c, e] -= factor * left[k, e]
                    found[c, e] -= factor * found[k, e]
    return found


@njit(cache=True)
def _times(inverse: Floats, slope: Floats) -> Floats:
    found = np.zeros(len(slope))
    for k in range(len(slope)):
        for m in range(len(slope)):
            found[k] += inverse[k, m] * slope[m]
    return found


@njit(cache=True)
def _without_intercepts(G: Floats, B: Floats, inverse: Floats, size: int) -> None:
    """The curvature where intercepts follow: G less B · inverse · B'."""
    for c in range(size):
        row = _times(inverse, B[c])
        for e in range(c + 1):
            G[c, e] -= product(row, B[e])
            G[e, c] = G[c, e]


@njit(cache=True)
def _silence_twins(G: Floats, Xt: Floats, work: Ints, size: int) -> None:
    """As silence_twins of the working set, of coefficients of one class."""
    p = len(Xt)
    for c in range(size):
        own = G[c, c]
        for e in range(c):
            if work[c] // p != work[e] // p or G[e, e] <= 0.0:
                continue
            if abs(G[e, e] - own) <= ALIKE * own and abs(G[c, e]) >= (1.0 - ALIKE) * own:
                one, other, sign = Xt[work[c] % p], Xt[work[e] % p], 1.0 if G[c, e] > 0.0 else -1.0
                apart = most = 0.0
                for i in range(len(one)):
                    apart = max(apart, abs(one[i] - sign * other[i]))
                    most = max(most, abs(one[i]))
                if apart <= SAME * most:
                    G[c, c] = 0.0
                    break
