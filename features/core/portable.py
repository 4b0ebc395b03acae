"""Functions of arrays that round alike on every processor.

numpy's own exp, log2 and power use the widest instructions that a processor has, and round otherwise with others; matrix
products and norms (BLAS) add in an order of the processor's. Here each value is computed by itself, by the C library.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

FEW = 1000  # values that Python computes before numba is imported
HIGH = 700.0  # above, Python raises where others say infinite


def exp(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """e to each value."""
    flat = np.ascontiguousarray(values, np.float64).ravel()
    if flat.size <= FEW and bool((flat < HIGH).all()):
        found = np.fromiter(map(math.exp, flat.tolist()), np.float64, flat.size)  # the C library's too: the same bits
        return found.reshape(values.shape)
    from features.core.portable_compiled import each_exp

    return each_exp(flat).reshape(values.shape)  # type: ignore[no-any-return]


def log2(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Binary logarithm of each value, all above 0."""
    from features.core.portable_compiled import each_log2

    return each_log2(np.ascontiguousarray(values, np.float64).ravel()).reshape(values.shape)  # type: ignore[no-any-return]


def power(values: NDArray[np.float64], exponent: int) -> NDArray[np.float64]:
    """Each value multiplied by itself, `exponent` of it in all."""
    found = np.ones_like(values) if exponent == 0 else values
    for _ in range(exponent - 1):
        found = found * values
    return found
