"""Intraclass correlation of features that were measured several times: by readers, in two scans, under perturbations."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from features.core.errors import DataError

Floats = NDArray[np.float64]
RELATIVE = 1e-12  # values that differ by less than this share are equal but for rounding


@dataclass(frozen=True, slots=True)
class Reliability:
    """Of one feature: ICC(2,1) (absolute agreement) and ICC(3,1) (consistency) with their intervals.

    n: targets with all k values. All figures are NaN for fewer than two targets or raters, or if targets do not differ.
    """

    feature: str
    icc_2_1: float
    icc_2_1_low: float
    icc_2_1_high: float
    icc_3_1: float
    icc_3_1_low: float
    icc_3_1_high: float
    n: int
    k: int


def reliability(feature: str, values: Floats, *, level: float = 0.95) -> Reliability:
    """Of a table (targets, raters). A target without one of its values is left out.

    Two-way random and mixed effects, single measurement: Shrout & Fleiss, Psychol Bull 1979;86:420; McGraw & Wong,
    Psychol Methods 1996;1:30 (ICC(A,1) and ICC(C,1)).
    """
    table = values[np.isfinite(values).all(axis=1)]
    n, k = table.shape
    nan = float("nan")
    nothing = Reliability(feature, nan, nan, nan, nan, nan, nan, n, k)
    if n < 2 or k < 2:
        return nothing
    if np.ptp(table) <= RELATIVE * float(np.abs(table).max()):
        return nothing
    table = (table - table.mean()) / np.ptp(table)  # spares digits where values are far from zero, or huge
    rows, columns = table.mean(axis=1), table.mean(axis=0)
    rest = table - rows[:, None] - columns[None, :] + table.mean()
    msr = k * float(((rows - rows.mean()) ** 2).sum()) / (n - 1)
    msc = n * float(((columns - columns.mean()) ** 2).sum()) / (k - 1)
    mse = float((rest**2).sum()) / ((n - 1) * (k - 1))
    if msr + mse == 0:
        return nothing
    icc2 = (msr - mse) / (msr + (k - 1) * mse + k * (msc - mse) / n)
    icc3 = (msr - mse) / (msr + (k - 1) * mse)
    tail = (1 + level) / 2
    agreement, consistency = _agreement(icc2, msr, msc, mse, n, k, tail), _consistency(msr, mse, n, k, tail)
    return Reliability(feature, icc2, *agreement, icc3, *consistency, n, k)


def reliability_of(
    targets: Sequence[str], raters: Sequence[str], features: Mapping[str, Sequence[float]], *, level: float = 0.95
) -> list[Reliability]:
    """Of each feature of a long table: a row per target and rater, as of two scans (test and retest) or of readers.

    Pairs that are not there count as missing. Raises RadweaveError if a pair stands twice.
    """
    rows, columns = (sorted(set(words)) for words in (targets, raters))
    place = {target: i for i, target in enumerate(rows)}, {rater: j for j, rater in enumerate(columns)}
    pairs = [(place[0][target], place[1][rater]) for target, rater in zip(targets, raters, strict=True)]
    if len(set(pairs)) < len(pairs):
        twice = next(pair for pair in pairs if pairs.count(pair) > 1)
        raise DataError(f'a target has two rows of the rater "{columns[twice[1]]}": one value of each is needed')
    found = []
    for name, values in features.items():
        table = np.full((len(rows), len(columns)), np.nan)
        table[tuple(np.array(pairs, np.intp).reshape(-1, 2).T)] = np.asarray(values, np.float64)
        found.append(reliability(name, table, level=level))
    return found


def _consistency(msr: float, mse: float, n: int, k: int, tail: float) -> tuple[float, float]:
    if mse == 0:
        return 1.0, 1.0
    ratio, one, two = msr / mse, n - 1, (n - 1) * (k - 1)
    low, high = ratio / stats.f.ppf(tail, one, two), ratio * stats.f.ppf(tail, two, one)
    return float((low - 1) / (low + k - 1)), float((high - 1) / (high + k - 1))


def _agreement(icc: float, msr: float, msc: float, mse: float, n: int, k: int, tail: float) -> tuple[float, float]:
    """Satterthwaite's degrees of freedom of the error of raters and rest together."""
    if mse == 0 and msc == 0:
        return 1.0, 1.0
    a, b = k * icc, n * (1 - icc) + k * icc * (n - 1)
    parts = (a * msc) ** 2 / (k - 1) + (b * mse) ** 2 / ((n - 1) * (k - 1))
    if parts == 0:
        return float("nan"), float("nan")
    freedom = (a * msc + b * mse) ** 2 / parts
    above, below = stats.f.ppf(tail, n - 1, freedom), stats.f.ppf(tail, freedom, n - 1)
    error = k * msc + (k * n - k - n) * mse
    low = n * (msr - above * mse) / (above * error + n * msr)
    high = n * (below * msr - mse) / (error + n * below * msr)
    return float(low), float(high)
