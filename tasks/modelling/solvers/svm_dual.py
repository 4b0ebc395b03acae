"""The dual of a support vector classifier, two coefficients at a time, in a compiled loop."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from features.core.compiled import njit

Floats = NDArray[np.float64]

_LEAST_CURVE = 1e-12


@dataclass(frozen=True, eq=False)
class Machine:
    """dual: (n,) coefficient of each training row times its sign (−1 or 1), 0 of rows that support nothing. intercept: a number.

    steps: how many were made. is_optimal: whether they sufficed. The decision on cases is kernel(cases, rows) @ dual + intercept.
    """

    dual: Floats
    intercept: float
    steps: int
    is_optimal: bool


def solve_machine(
    kernel: Floats, y: NDArray[np.bool_], bound: Floats, *, tolerance: float = 1e-3, most_steps: int = 100_000
) -> Machine:
    """The classifier of training rows with this kernel, (n, n), and their answers y, (n,), both of which occur.

    bound: (n,) what each coefficient may reach: C times the weight of its row. tolerance: how far the optimality condition may be
    violated, as in LIBSVM. The pair of each step is that of most gain by the second derivative.
    Fan, Chen & Lin, J Mach Learn Res 2005;6:1889.
    """
    sign = np.where(y, 1.0, -1.0)
    alpha, gradient = np.zeros(len(sign)), np.full(len(sign), -1.0)
    kernel = np.ascontiguousarray(kernel, np.float64)
    steps, is_optimal = _descend(kernel, sign, bound, alpha, gradient, tolerance, most_steps)
    return Machine(alpha * sign, -_offset(sign, bound, alpha, gradient), int(steps), bool(is_optimal))


@njit(cache=True)
def _descend(
    kernel: Floats,
    sign: Floats,
    bound: Floats,
    alpha: Floats,
    gradient: Floats,
    tolerance: float,
    most_steps: int,
) -> tuple[int, bool]:
    """Changes alpha and its gradient until no pair violates the optimality condition by more than the tolerance."""
    n = len(sign)
    for step in range(most_steps):
        up, i = -np.inf, -1
        for t in range(n):
            if (alpha[t] < bound[t]) if sign[t] > 0 else (alpha[t] > 0):
                value = -sign[t] * gradient[t]
                if value > up:
                    up, i = value, t
        low, best, j = np.inf, 0.0, -1
        for t in range(n):
            if (alpha[t] > 0) if sign[t] > 0 else (alpha[t] < bound[t]):
                value = -sign[t] * gradient[t]
                low = min(low, value)
                if value < up:
                    curve = max(kernel[i, i] + kernel[t, t] - 2.0 * kernel[i, t], _LEAST_CURVE)
                    gain = (up - value) * (up - value) / curve
                    if gain > best:
                        best, j = gain, t
        if up - low <= tolerance or j < 0:
            return step, True
        curve = max(kernel[i, i] + kernel[j, j] - 2.0 * kernel[i, j], _LEAST_CURVE)
        move = (up + sign[j] * gradient[j]) / curve  # along +sign of i and −sign of j
        move = min(move, bound[i] - alpha[i] if sign[i] > 0 else alpha[i])
        move = min(move, alpha[j] if sign[j] > 0 else bound[j] - alpha[j])
        alpha[i] = _inside(alpha[i] + sign[i] * move, bound[i])
        alpha[j] = _inside(alpha[j] - sign[j] * move, bound[j])
        for t in range(n):
            gradient[t] += sign[t] * move * (kernel[i, t] - kernel[j, t])
    return most_steps, False


@njit(cache=True)
def _inside(value: float, bound: float) -> float:
    """A coefficient that is on a bound but for rounding, on it."""
    if value < 1e-12 * bound:
        return 0.0
    return bound if value > bound * (1 - 1e-12) else value


@njit(cache=True)
def _offset(sign: Floats, bound: Floats, alpha: Floats, gradient: Floats) -> float:
    """The mean condition of free rows, or the middle of what the rows on their bounds allow."""
    total, free, low, high = 0.0, 0, -np.inf, np.inf
    for t in range(len(sign)):
        value = sign[t] * gradient[t]
        if 0 < alpha[t] < bound[t]:
            total, free = total + value, free + 1
        elif (alpha[t] == 0) == (sign[t] > 0):
            high = min(high, value)
        else:
            low = max(low, value)
    return total / free if free else (low + high) / 2
