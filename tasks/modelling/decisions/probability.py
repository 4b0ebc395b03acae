"""The probability that a risk stands for."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
Line = tuple[float, float]  # intercept and slope: log odds = intercept + slope · risk
NO_LINE: Line = (math.nan, math.nan)
_STEPS, _ENOUGH, _HALVINGS = 100, 1e-10, 40


def fit_probability(label: Bools, risk: Floats) -> Line:
    """The line of log odds over risks, by Platt's method; NO_LINE for one class.

    label, risk: (n,) of cases that the model was not fitted to. Labels count as (P + 1) / (P + 2) and 1 / (N + 2), so that there
    is a line where risks separate the classes. The slope is not below 0: then, and where all risks are one, the probability is
    the share of positives. Platt, in Advances in Large Margin Classifiers, MIT Press 2000, 61; Lin et al., Mach Learn 2007;68:267.
    """
    positives, negatives = int(label.sum()), int((~label).sum())
    if not positives or not negatives:
        return NO_LINE
    share = math.log(positives / negatives), 0.0
    middle, spread = float(risk.mean()), float(risk.std())
    if not spread > 1e-12 * max(1.0, abs(middle)):
        return share
    x = (risk - middle) / spread
    wanted = np.where(label, (positives + 1) / (positives + 2), 1 / (negatives + 2))
    intercept, slope = _newton(x, wanted, share[0])
    if not slope > 0:
        return share
    return intercept - slope * middle / spread, slope / spread


def probability_of(line: Line, risk: Floats) -> Floats:
    """The probability of each risk, (n,); NaN where no line was learnt."""
    from features.core.portable import exp

    odds = line[0] + line[1] * risk
    small = exp(-np.abs(odds))
    return np.asarray(np.where(odds >= 0, 1.0, small) / (1.0 + small))


def _newton(x: Floats, wanted: Floats, intercept: float) -> Line:
    """Maximum likelihood by Newton's method with halved steps; the loss is convex, and wanted lies within (0, 1)."""
    line, loss = (intercept, 0.0), _loss((intercept, 0.0), x, wanted)
    for _ in range(_STEPS):
        p = probability_of(line, x)
        weight = p * (1 - p)
        g0, g1 = float((p - wanted).sum()), float(((p - wanted) * x).sum())
        h00, h01, h11 = float(weight.sum()), float((weight * x).sum()), float((weight * x * x).sum())
        determinant = h00 * h11 - h01 * h01
        if not determinant > 0:
            break
        step = (h11 * g0 - h01 * g1) / determinant, (h00 * g1 - h01 * g0) / determinant
        part = 1.0
        for _ in range(_HALVINGS):
            tried = line[0] - part * step[0], line[1] - part * step[1]
            found = _loss(tried, x, wanted)
            if found <= loss:
                break
            part /= 2
        else:
            break
        line, loss = tried, found
        if max(abs(part * one) for one in step) < _ENOUGH:
            break
    return line


def _loss(line: Line, x: Floats, wanted: Floats) -> float:
    """Minus the log likelihood: log(1 + e^odds) − wanted · odds, summed."""
    odds = line[0] + line[1] * x
    return float((np.logaddexp(0.0, odds) - wanted * odds).sum())
