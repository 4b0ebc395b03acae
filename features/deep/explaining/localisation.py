"""How far maps point at a place, beside what points there by itself: the middle of the view, and a network that learnt nothing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from features.core.wording import counted

CENTRE_SD = 0.25  # of the prior, as a share of each side
LEAST = 5  # cases that an interval needs
MOST_PIXELS = 2**16  # that a correlation looks at, evenly chosen of more


class Over(NamedTuple):
    """The mean of cases with its 95 % interval (Student's t), NaN bounds for fewer than five. n: cases that have a value."""

    mean: float
    low: float
    high: float
    n: int

    def __str__(self) -> str:
        """
        >>> str(Over(0.25, 0.125, 0.375, 9)), str(Over(0.5, float("nan"), float("nan"), 1))
        ('0.25 (0.12 to 0.38; 9 cases)', '0.50 (1 case)')
        """
        bounds = f"{self.low:.2f} to {self.high:.2f}; " if self.n >= LEAST else ""
        return f"{self.mean:.2f} ({bounds}{counted(self.n, 'case')})" if self.n else "none"


def share_inside(values: NDArray[np.floating], roi: NDArray[np.floating]) -> float:
    """How much of what raises the score lies in a ROI, in [0, 1]; NaN of a map that raises it nowhere. roi: shares of pixels."""
    raising = np.maximum(values, 0.0, dtype=np.float64)
    total = float(raising.sum())
    return float((raising * roi).sum()) / total if total > 0 else float("nan")


def centre_prior(size: Sequence[int]) -> NDArray[np.float64]:
    """A map that knows nothing but that people put what matters in the middle: a Gaussian round the centre."""
    found = np.ones(size)
    for axis, side in enumerate(size):
        away = ((np.arange(side) + 0.5) / side - 0.5) / CENTRE_SD
        found *= np.exp(-(away**2) / 2).reshape([-1 if one == axis else 1 for one in range(len(size))])
    return found


def likeness(first: NDArray[np.floating], second: NDArray[np.floating]) -> float:
    """Spearman's correlation of how much two maps say of each place, whether it raises or lowers (Adebayo et al., NeurIPS 2018).

    NaN where a map says the same everywhere.
    """
    step = max(1, first.size // MOST_PIXELS)
    one, other = (np.abs(values).ravel()[::step] for values in (first, second))
    if np.ptp(one) == 0 or np.ptp(other) == 0:
        return float("nan")
    return float(stats.spearmanr(one, other).statistic)


def over_cases(values: Sequence[float]) -> Over:
    """Of those that are numbers."""
    known = np.array([one for one in values if np.isfinite(one)])
    n = len(known)
    if n == 0:
        return Over(float("nan"), float("nan"), float("nan"), 0)
    half = float(stats.t.ppf(0.975, n - 1) * known.std(ddof=1) / np.sqrt(n)) if n >= LEAST else float("nan")
    middle = float(known.mean())
    return Over(middle, middle - half, middle + half, n)
