"""What `portable` computes value by value, compiled."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from features.core.compiled import njit


@njit(cache=True)
def each_exp(values: NDArray[np.float64]) -> NDArray[np.float64]:
    found = np.empty(values.size)
    for i in range(values.size):
        found[i] = math.exp(values[i])
    return found


@njit(cache=True)
def each_log2(values: NDArray[np.float64]) -> NDArray[np.float64]:
    found = np.empty(values.size)
    for i in range(values.size):
        found[i] = math.log2(values[i])
    return found
