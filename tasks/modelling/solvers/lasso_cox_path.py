"""The path of LASSO and elastic-net Cox regressions over penalties: one call, Breslow's ties, nothing random.

Regressions of the hazard of a subdistribution (Fine and Gray) too, in which cases stay at risk after another event.
"""

from __future__ import annotations

import itertools
import math

import numpy as np
from numpy.typing import NDArray

from features.core.compiled import njit
from tasks.modelling.solvers.lasso_logistic_path import DRIFT, MOST_ROUNDS, checked_path
from tasks.modelling.solvers.lasso_quadratic import solve_quadratic, violation
from tasks.modelling.solvers.ridge_cox_path import Staying
from tasks.modelling.solvers.sums import by_column, product, products
from tasks.modelling.solvers.working_set import enter, foreseen, larger, leave, silence_twins

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

FAR, ROUGH = 4.0, 1e-2  # penalties further apart have others between them, whose conditions are met to this share
SMALLEST = 1e-300  # of a sum over cases at risk: its logarithm stays finite


def lasso_cox_path(
    X: Floats,
    event: NDArray[np.bool_],
    time: Floats,
    weights: Floats,
    penalties: Floats,
    *,
    l1_ratio: float = 1.0,
    tolerance: float | Floats = 1e-6,
    offset: Floats | None = None,
    staying: Staying | None = None,
) -> Floats:
    """Coefficients at each penalty, (penalties, p): least −log partial likelihood / weight + penalty × sum of their sizes.

    l1_ratio: above 0, at most 1; so much of the penalty is on sizes, the rest on half of their squares (elastic net; Zou & Hastie,
    J R Stat Soc B 2005;67:301).

    X: (n, p) finite; columns are taken as they are, so standardise them first. event, time: (n,) right-censored follow-up; who
    is censored on the day of an event is at risk for it. Events of one day share one sum of risks (Breslow), as in scikit-
    survival's Coxnet. weights: (n,) of the cases, 0 or more; only their ratios count, and `weight` is their sum, which makes
    penalties those of scikit-survival and glmnet. penalties: decreasing, above 0. tolerance: how far the optimality conditions
    may be violated, as a share of the penalty, one for all or one for each. offset: (n,) log hazards that are known already, none:
    0. staying: who stays at risk after another event (solvers/fine_gray.py). Raises ValueError for another input or without any
    event, ArithmeticError if the conditions cannot be met.

    The whole curvature is used, not its diagonal, on a working set of columns, each step a quadratic with the penalty that is
    solved to its end. Simon et al., J Stat Softw 2011;39:1.
    """
    X, event, weights, penalties = checked_path(X, event, weights, penalties)
    time = np.asarray(time, np.float64)
    if time.shape != event.shape or not np.isfinite(time).all():
        raise ValueError("a path needs a finite time of each case")
    if not 0 < l1_ratio <= 1:
        raise ValueError(f"l1_ratio is {l1_ratio:g}; allowed: above 0, at most 1")
    if not (event & (weights > 0)).any():
        raise ValueError("a Cox regression needs at least one event")
    order = np.argsort(time, kind="stable")
    order = order[weights[order] > 0]
    rows, share = np.ascontiguousarray(X[order]), weights[order] / weights.sum()
    stay, free = _staying(staying, order)
    asked, allowed = len(penalties), tolerance * l1_ratio * penalties
    largest = largest_cox_penalty(X, event, time, weights, offset=offset, staying=staying)
    between = _stepping_stones(np.append(largest / l1_ratio, penalties))
    penalties, allowed = np.append(penalties, between), np.append(allowed, ROUGH * l1_ratio * between)
    falling = np.argsort(-penalties, kind="stable")
    penalties, allowed = penalties[falling], allowed[falling]
    path, reached = _path(
        rows,
        np.ascontiguousarray(rows.T),
        share,
        *_days(event[order], time[order], share),
        stay,
        free,
        np.zeros(len(order)) if offset is None else np.asarray(offset, np.float64)[order],
        l1_ratio * penalties,
        (1.0 - l1_ratio) * penalties,
        allowed,
    )
    if reached < len(penalties):
        name = ("LASSO-Cox" if l1_ratio == 1.0 else "elastic-net Cox") if staying is None else "penalised Fine-Gray"
        raise ArithmeticError(
            f"{name}: no optimum found at the penalty {penalties[reached]:.3g}; a stronger one is found sooner"
        )
    return np.asarray(path[np.argsort(falling)[:asked]])


def _stepping_stones(penalties: Floats) -> Floats:
    """Penalties between those that are far apart: from afar the curvature tells little of where the optimum is."""
    found = [np.empty(0)]
    for above, below in itertools.pairwise(penalties.tolist()):
        if above > FAR * below:
            found.append(np.geomspace(above, below, math.ceil(math.log(above / below, FAR)) + 1)[1:-1])
    return np.concatenate(found)


def _staying(staying: Staying | None, order: NDArray[np.intp]) -> tuple[Floats, Floats]:
    """Weights of those who stay, in the order of time, and what is free on each day with events; nothing where nobody stays."""
    if staying is None:
        return np.empty(0), np.empty(0)
    return np.asarray(staying.weight[order], np.float64), np.asarray(staying.free, np.float64)


def largest_cox_penalty(
    X: Floats,
    event: NDArray[np.bool_],
    time: Floats,
    weights: Floats,
    *,
    offset: Floats | None = None,
    staying: Staying | None = None,
) -> float:
    """The smallest penalty that sets every coefficient to zero. Arguments as of the path."""
    order = np.argsort(time, kind="stable")
    share = np.asarray(weights, np.float64)[order] / np.sum(weights)
    died, started, deaths, day = _days(np.asarray(event, np.bool_)[order], np.asarray(time, np.float64)[order], share)
    n = len(order)
    residual, eta = np.empty(n), np.zeros(n) if offset is None else np.asarray(offset, np.float64)[order]
    parts = (share, died, started, deaths, day, *_staying(staying, order))
    _loss(eta, *parts, residual, np.empty(n), np.empty(n), np.empty(len(started)))
    g = np.empty(X.shape[1])
    by_column(np.ascontiguousarray(X, np.float64)[order], residual, g)
    return float(np.abs(g).max(initial=0.0))


def _days(event: NDArray[np.bool_], time: Floats, weights: Floats) -> tuple[Floats, Ints, Floats, Ints]:
    """Of cases in the order of time: the weight of their events (n,); of each day with events the first case at risk and the
    weight of its events; and of each case how many such days it has seen (n,)."""
    died = np.where(event, weights, 0.0)
    days = np.unique(time[event])
    started = np.searchsorted(time, days, side="left").astype(np.int64)
    seen = np.searchsorted(days, time, side="right").astype(np.int64)
    deaths = np.bincount(seen[event] - 1, died[event], len(days)).astype(np.float64)
    return died, started, deaths, seen


@njit(cache=True)
def _path(
    X: Floats,
    Xt: Floats,
    weights: Floats,
    died: Floats,
    started: Ints,
    deaths: Floats,
    seen: Ints,
    stay: Floats,
    free: Floats,
    offset: Floats,
    penalties: Floats,
    ridges: Floats,
    allowed: Floats,
) -> tuple[Floats, int]:
    """The path, and at how many penalties it was found. X: (n, p), Xt: (p, n) cases in the order of time. weights: sum to 1.
    stay, free: (n,) and (days,), see Staying, both empty where nobody stays. offset: (n,) log hazards before any column.
    penalties, ridges: on the sizes and on half of the squares of the coefficients; g is the falling gradient of all but the sizes.

    work: the columns inside, of which the first `known` have their curvatures in G, the products of A less those of M. A: their
    values times the root of the cases' curvature. M: their means of those at risk on the days with events, by the root of the
    deaths.
    """
    p, n = Xt.shape
    days = len(started)
    path, b, g, earlier = np.zeros((len(penalties), p)), np.zeros(p), np.zeros(p), np.zeros(p)
    room = min(p, 128)
    G, A, M = np.empty((room, room)), np.empty((n, room)), np.empty((days, room))
    inner, d, u, of_means = np.empty(room), np.empty(room), np.empty(room), np.empty((room, room))
    diagonal = np.empty(p)
    work, inside, size, known = np.empty(p, np.int64), np.zeros(p, np.bool_), 0, 0
    eta, residual, curve, risk, at_risk = offset.copy(), np.empty(n), np.empty(n), np.empty(n), np.empty(days)
    new_eta, new_residual, new_curve = np.empty(n), np.empty(n), np.empty(n)
    used, used_risk, used_at_risk, change = np.empty(n), np.empty(n), np.empty(days), np.empty(n)
    loss = _loss(eta, weights, died, started, deaths, seen, stay, free, residual, curve, risk, at_risk)
    by_column(X, residual, g)
    earlier[:] = g
    last = second_last = max(np.abs(g).max(), penalties[0])
    ridge = 0.0
    for k in range(len(penalties)):
        penalty = penalties[k]
        enough = allowed[k]
        for c in range(size):
            g[work[c]] += (ridge - ridges[k]) * b[work[c]]
        ridge = ridges[k]
        share = min((last - penalty) / (second_last - last), 2.0) if second_last > last else 0.0
        size = enter(foreseen(g, earlier, share), penalty, work, inside, size)
        earlier[:] = g
        second_last, last = last, penalty
        rounds, is_done = 0, False
        while not is_done:
            if rounds == MOST_ROUNDS:
                return path, k
            if known == 0 or rounds >= 2 or _drift(curve, used) > DRIFT:
                size, known = leave(b, g, 0.9 * penalty, work, inside, size), 0
                used[:] = curve
                used_risk[:] = risk
                used_at_risk[:] = at_risk
            rounds += 1
            if size > room:
                room = min(p, 2 * size)
                G, A, M = larger(G, room, room), larger(A, n, room), larger(M, days, room)
                inner, d, u, of_means = np.empty(room), np.empty(room), np.empty(room), np.empty((room, room))
            if known < size:
                _curve_columns(Xt, work, known, size, used, used_risk, used_at_risk, started, deaths, stay, free, A, M)
                products(A, known, size, G)
                products(M, known, size, of_means)
                for c in range(known, size):
                    for e in range(c + 1):
                        G[c, e] -= of_means[c, e]
                        G[e, c] = G[c, e]
                if ridge == 0.0:  # else twins have equal shares
                    silence_twins(G, Xt, work, known, size)
                known = size
            old_size, new_size, old_square, new_square = 0.0, 0.0, 0.0, 0.0
            for c in range(size):
                inner[c] = b[work[c]]
                u[c] = g[work[c]]
                old_size += abs(inner[c])
                old_square += inner[c] * inner[c]
                diagonal[c] = G[c, c]
                G[c, c] += ridge
            solve_quadratic(G, u, inner, d, size, penalty, 0.3 * enough)
            for c in range(size):
                G[c, c] = diagonal[c]
            change[:] = 0.0
            for c in range(size):
                if d[c] != 0.0:
                    x, value = Xt[work[c]], d[c]
                    for i in range(n):
                        change[i] += value * x[i]
            step = 2.0
            while True:  # the whole step, or half of it until the loss falls
                step *= 0.5
                new_size, new_square = 0.0, 0.0
                for c in range(size):
                    value = b[work[c]] + step * d[c]
                    new_size += abs(value)
                    new_square += value * value
                grown = penalty * (new_size - old_size) + 0.5 * ridge * (new_square - old_square)
                for i in range(n):
                    new_eta[i] = eta[i] + step * change[i]
                new_loss = _loss(
                    new_eta, weights, died, started, deaths, seen, stay, free, new_residual, new_curve, risk, at_risk
                )
                if new_loss + grown <= loss + 1e-12 * abs(loss) or step < 1e-9:
                    break
            for c in range(size):
                b[work[c]] = inner[c] if step == 1.0 else b[work[c]] + step * d[c]
            loss = new_loss
            eta, new_eta = new_eta, eta
            residual, new_residual = new_residual, residual
            curve, new_curve = new_curve, curve
            for c in range(size):
                g[work[c]] = u[c] = product(Xt[work[c]], residual) - ridge * b[work[c]]
                inner[c] = b[work[c]]
            if violation(u, inner, size, penalty) <= enough:
                by_column(X, residual, g)
                for c in range(size):
                    g[work[c]] -= ridge * b[work[c]]
                entered = enter(np.abs(g), penalty + enough, work, inside, size)
                if entered > size:  # the curvatures serve on
                    size, rounds = entered, min(rounds, 1)
                else:
                    is_done = True
        path[k] = b
    return path, len(penalties)


@njit(cache=True)
def _loss(
    eta: Floats,
    weights: Floats,
    died: Floats,
    started: Ints,
    deaths: Floats,
    seen: Ints,
    stay: Floats,
    free: Floats,
    residual: Floats,
    curve: Floats,
    risk: Floats,
    at_risk: Floats,
) -> float:
    """−log partial likelihood; writes its falling gradient by the log hazard of each case, and the first part of its curvature.

    risk: (n,) hazards by that of the highest, with weights. at_risk: (days,) their sum over those at risk.
    """
    n, days = len(eta), len(started)
    highest = eta.max()
    for i in range(n):
        risk[i] = weights[i] * math.exp(eta[i] - highest)
    total, i = 0.0, n
    for day in range(days - 1, -1, -1):
        while i > started[day]:
            i -= 1
            total += risk[i]
        at_risk[day] = max(total, SMALLEST)
    later = 0.0  # of those who stay: the hazard of days that their own time had not reached
    if len(free):
        total, i = 0.0, 0
        for day in range(days):
            while i < started[day]:
                total += stay[i] * risk[i]
                i += 1
            at_risk[day] += free[day] * total
            later += deaths[day] / at_risk[day] * free[day]
    loss = 0.0
    for day in range(days):
        loss += deaths[day] * (math.log(at_risk[day]) + highest)
    hazard, day = 0.0, 0
    for i in range(n):
        while day < seen[i]:
            hazard += deaths[day] / at_risk[day]
            if len(free):
                later -= deaths[day] / at_risk[day] * free[day]
            day += 1
        curve[i] = risk[i] * (hazard + stay[i] * max(later, 0.0) if len(free) else hazard)
        residual[i] = died[i] - curve[i]
        loss -= died[i] * eta[i]
    return loss


@njit(cache=True)
def _drift(curve: Floats, used: Floats) -> float:
    """The largest change of a curvature, as a share; of cases that have none yet it does not count."""
    largest = 0.0
    for i in range(len(curve)):
        if used[i] > 0.0:
            largest = max(largest, abs(curve[i] / used[i] - 1.0))
    return largest


@njit(cache=True)
def _curve_columns(
    Xt: Floats,
    work: Ints,
    known: int,
    size: int,
    used: Floats,
    risk: Floats,
    at_risk: Floats,
    started: Ints,
    deaths: Floats,
    stay: Floats,
    free: Floats,
    A: Floats,
    M: Floats,
) -> None:
    """Writes the new columns: times the root of the curvature, and their means of those at risk. Both are less one mean each."""
    n, days, total = len(used), len(started), 0.0
    for i in range(n):
        total += used[i]
    for c in range(known, size):
        x = Xt[work[c]]
        middle = product(used, x) / total
        for i in range(n):
            A[i, c] = math.sqrt(used[i]) * (x[i] - middle)
        value, i = 0.0, n
        for day in range(days - 1, -1, -1):
            while i > started[day]:
                i -= 1
                value += risk[i] * (x[i] - middle)
            M[day, c] = math.sqrt(deaths[day]) * value / at_risk[day]
        if len(free):
            value, i = 0.0, 0
            for day in range(days):
                while i < started[day]:
                    value += stay[i] * risk[i] * (x[i] - middle)
                    i += 1
                M[day, c] += math.sqrt(deaths[day]) * free[day] * value / at_risk[day]
