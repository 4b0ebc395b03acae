"""Identity: columns that are an outcome under another name, in other units or codes, and how likely chance would do that."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

Floats = NDArray[np.float64]
_COLUMNS = 500  # that are looked at together: a wide table is not copied as a whole


def identical(values: Floats, outcome: Floats) -> Floats:
    """How many of the columns chance would put into the outcome's order, for each column that is so, (p,); 1 for the others.

    values: (n, p), outcome: (n,), NaN where missing; the cases count that have both. A column is in the outcome's order if it
    never falls where the outcome rises, or never rises: a copy, in months or as a logarithm, rounded, cut at a limit or
    turned round. To an outcome of two values belong columns whose values lie apart in two clumps: its codes, also with some
    noise, but no measurement that merely separates the classes. The number is exact: the share of all arrangements of
    the column's values among the cases that are in order, twice for the two directions, times the columns that could be:
    all of them, or those in two clumps as large as the classes.
    """
    there = np.flatnonzero(np.isfinite(outcome))
    found = np.ones(values.shape[1])
    if not len(there) or (outcome[there] == outcome[there][0]).all():
        return found
    rows = there[np.argsort(outcome[there], kind="stable")]
    outcome = outcome[rows]
    before = np.searchsorted(outcome, outcome, side="left") - 1  # the last case with a smaller outcome
    is_flag = len(np.unique(outcome)) == 2
    could = 0
    for start in range(0, values.shape[1], _COLUMNS):
        part = values[rows, start : start + _COLUMNS]
        clumped = _in_clumps(part, before >= 0) if is_flag else np.ones(part.shape[1], bool)
        could += int(clumped.sum())
        for turned in (part, -part):
            highest = np.fmax.accumulate(turned, axis=0)
            falls = turned[before >= 0] < highest[before[before >= 0]]
            for j in np.flatnonzero(clumped & ~falls.any(axis=0)):
                known = np.isfinite(turned[:, j])
                found[start + j] = min(found[start + j], _share_in_order(turned[known, j], outcome[known]))
    in_order = found < 1
    return np.where(in_order, np.minimum(found * could, 1.0), 1.0)


def _in_clumps(values: Floats, high: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Whether the values of each column lie in two clumps of the classes' sizes, whoever they belong to, (p,).

    Clumps spread less, both together, than they lie apart. high: (n,) the class of each row.
    """
    known = np.isfinite(values)
    ordered = np.sort(values, axis=0)  # missing values last
    total, columns = known.sum(axis=0), np.arange(values.shape[1])
    found = np.zeros(values.shape[1], bool)
    for size in (known[high].sum(axis=0), known[~high].sum(axis=0)):
        inside = (size > 0) & (size < total)
        cut = np.where(inside, size, 1) if len(values) > 1 else np.zeros_like(size)
        last = np.maximum(total - 1, 0)
        gap = ordered[cut, columns] - ordered[cut - 1, columns]
        spread = ordered[cut - 1, columns] - ordered[0] + ordered[last, columns] - ordered[cut, columns]
        found |= inside & (gap > 0) & (gap >= spread)
    return found


def _share_in_order(x: Floats, y: Floats) -> float:
    """Arrangements in which x rises with y, of all arrangements of its values, twice for both directions; at most 1."""
    columns = pd.Series(x)
    from scipy.special import gammaln

    ways = gammaln(len(x) + 1) - gammaln(columns.value_counts() + 1).sum()
    inside = gammaln(pd.Series(y).value_counts() + 1).sum() - gammaln(columns.groupby([y, x]).size() + 1).sum()
    return float(min(1.0, 2 * np.exp(inside - ways)))
