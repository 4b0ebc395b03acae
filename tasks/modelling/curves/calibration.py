"""Calibration curve: how often it was seen, against how often it was predicted."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tasks.modelling.intervals.estimate import NORMAL

Floats = NDArray[np.float64]
MOST_GROUPS, LEAST_CASES = 10, 15


@dataclass(frozen=True, slots=True)
class CalibrationCurve:
    """A point for each group of cases of like probability: mean probability, share seen with its 95 % interval, and cases."""

    predicted: tuple[float, ...]
    seen: tuple[float, ...]
    low: tuple[float, ...]
    high: tuple[float, ...]
    n: tuple[int, ...]


def calibration_curve(label: NDArray[np.bool_], probability: Floats) -> CalibrationCurve:
    """The curve of n cases: groups of alike size, at most ten of at least 15 cases, equal probabilities in one group.

    The interval is Wilson's (J Am Stat Assoc 1927;22:209), of the cases of the group as they are. Empty without a case.
    """
    n = len(label)
    if not n:
        return CalibrationCurve((), (), (), (), ())
    groups = min(MOST_GROUPS, max(1, n // LEAST_CASES))
    inner = np.quantile(probability, np.arange(1, groups) / groups, method="inverted_cdf")
    own = np.searchsorted(np.unique(inner), probability, side="left")
    points = []
    for group in np.unique(own):
        cases = own == group
        count, hits = int(cases.sum()), int(label[cases].sum())
        points.append((float(probability[cases].mean()), hits / count, *wilson(hits, count), count))
    predicted, seen, low, high, sizes = zip(*points, strict=True)
    return CalibrationCurve(predicted, seen, low, high, sizes)


def wilson(hits: int, n: int) -> tuple[float, float]:
    """Wilson's bounds of 95 % of a share."""
    square = NORMAL**2
    middle = (hits + square / 2) / (n + square)
    half = NORMAL / (n + square) * math.sqrt(hits * (n - hits) / n + square / 4)
    return min(hits / n, max(0.0, middle - half)), max(hits / n, min(1.0, middle + half))  # at 0 and 1 it ends there
