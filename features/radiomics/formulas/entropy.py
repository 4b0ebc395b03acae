"""Entropy of probabilities, and the histogram that gives some."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from features.core.portable import log2


def histogram(places: NDArray[np.int64], weights: NDArray[np.float64]) -> NDArray[np.float64]:
    """Sum of the weights of each place, from 0 on."""
    return np.bincount(places, weights).astype(np.float64)


def entropy(p: NDArray[np.float64]) -> float:
    """Entropy in bits of probabilities, of which some may be zero."""
    p = p[p > 0]
    return float(-(p * log2(p)).sum()) + 0.0
