"""runs_of: equal values of each column, counted."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from tasks.modelling.rows import Floats


class Runs(NamedTuple):
    """The different values of all columns, columns one after the other, values rising: (r,) column, value, and how often it is."""

    column: NDArray[np.intp]
    value: Floats
    often: NDArray[np.intp]


def runs_of(X: Floats) -> Runs:
    """Of columns (n, p) whose missing values are left out. One sort of each column.

    >>> runs_of(np.array([[1.0], [2.0], [1.0], [np.nan]])).often.tolist()
    [2, 1]
    """
    n, p = X.shape
    ordered = np.sort(X.T, axis=1)  # missing values come last
    begins = np.ones((p, n), bool)
    begins[:, 1:] = ordered[:, 1:] != ordered[:, :-1]
    start = np.flatnonzero(begins)
    value, count = ordered.ravel()[start], np.diff(np.append(start, n * p))
    known = ~np.isnan(value)
    return Runs(start[known] // max(n, 1), value[known], count[known])
