"""Functions of arrays that round alike on every processor.

numpy's own exp, log2 and power use the widest instructions that a processor has, and round otherwise with others; matrix
products and norms (BLAS) add in an order of the processor's. Here each value is computed by itself, by the C library.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from features.core.compiled import njit


def exp(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """e to each value."""
    return _exp(np.ascontiguousarray(values, np.float64).ravel()).reshape(values.shape)  # type: ignore[no-any-return]


def log2(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Binary logarithm of each value, all above 0."""
    return _log2(np.ascontiguousarray(values, np.float64).ravel()).reshape(values.shape)  # type: ignore[no-any-return]


def power(values: NDArray[np.float64], exponent: int) -> NDArray[np.float64]:
    """Each value multiplied by itself, `exponent` of it in all."""
    found = np.ones_like(values) if exponent == 0 else values
    for _ in range(exponent - 1):
        found = found * values
    return found


@njit(cache=True)
def _exp(values: NDArray[np.float64]) -> NDArray[np.float64]:
    found = np.empty(values.size)
    for i in range(values.size):
        found[i] = math.exp(values[i])
    return found


@njit(cache=True)
def _log2(values: NDArray[np.float64]) -> NDArray[np.float64]:
    found = np.empty(values.size)
    for i in range(values.size):
        found[i] = math.log2(values[i])
    return found
