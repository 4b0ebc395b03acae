"""Statistics: all that shrinkage needs to know of a centre's rows, column by column."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Statistics:
    """Of the standardised rows of one centre. n: rows. mean, variance: (p,), the variance with n − 1 in the denominator."""

    n: int
    mean: Floats
    variance: Floats

    @classmethod
    def of(cls, Z: Floats) -> Statistics:
        """Z: (n, p) without NaN, n ≥ 2."""
        return cls(len(Z), Z.mean(axis=0), Z.var(axis=0, ddof=1))

    def keep(self, columns: NDArray[np.bool_]) -> Statistics:
        """The same of some columns."""
        return Statistics(self.n, self.mean[columns], self.variance[columns])

    @property
    def squares(self) -> Floats:
        """Sum of squared deviations from the mean, (p,)."""
        found: Floats = (self.n - 1) * self.variance
        return found


# Shift and spread of a centre, (p,) each, from what its rows say of p ≥ 2 columns that vary within it.
Shrink = Callable[[Statistics], tuple[Floats, Floats]]


def not_shrunk(own: Statistics) -> tuple[Floats, Floats]:
    """Mean and variance as they are: location and scale."""
    return own.mean, own.variance
