"""First order features round every voxel: the formulas of families/firstorder.py on a few values."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from features.core.compiled import njit
from features.radiomics.dialects.pyradiomics import FEATURES

NAMES = tuple(feature.name for feature in FEATURES["firstorder"])


@njit(cache=True)
def _percentile(ordered: NDArray[np.float64], share: float) -> float:
    """Interpolated linearly, rounded as numpy does: it decides which voxels are robust."""
    place = (ordered.size - 1) * share
    below = int(place)
    beyond = place - below
    low, high = ordered[below], ordered[min(below + 1, ordered.size - 1)]
    return low + (high - low) * beyond if beyond < 0.5 else high - (high - low) * (1 - beyond)  # type: ignore[no-any-return]


@njit(cache=True)
def _mean_deviation(values: NDArray[np.float64]) -> float:
    mean = values.mean()
    return np.abs(values - mean).mean()  # type: ignore[no-any-return]


@njit(cache=True, nogil=True)
def firstorder(
    values: NDArray[np.float64],
    ranks: NDArray[np.uint16],
    shift: float,
    volume_mm3: float,
) -> NDArray[np.float64]:
    """(V, 19): in the order of NAMES. values and ranks: of Surroundings; shift: added to intensities for energy."""
    found = np.full((ranks.shape[0], 19), math.nan)
    counts = np.zeros(ranks.shape[1] + 1, np.int64)
    for v in range(ranks.shape[0]):
        counts[:] = 0
        for rank in ranks[v]:
            counts[rank] += 1
        number = ranks.shape[1] - counts[0]
        if number == 0:
            continue
        ordered = np.sort(values[v, :number])
        one = found[v]
        low, high = ordered[0], ordered[-1]
        tenth, ninetieth = _percentile(ordered, 0.1), _percentile(ordered, 0.9)
        start, stop = 0, number
        while ordered[start] < tenth:
            start += 1
        while ordered[stop - 1] > ninetieth:
            stop -= 1
        mean = min(max(ordered.mean(), low), high)  # rounding may take it out of the range
        deviation, second, third, fourth, energy = 0.0, 0.0, 0.0, 0.0, 0.0
        for value in ordered:
            step = value - mean
            square = step * step
            deviation += abs(step)
            second += square
            third += square * step
            fourth += square * square
            energy += (value + shift) * (value + shift)
        second, third, fourth = second / number, third / number, fourth / number
        entropy, uniformity = 0.0, 0.0
        for count in counts[1:]:
            if count == 0:
                break
            share = count / number
            entropy -= share * math.log2(share)
            uniformity += share * share
        one[0], one[1], one[2], one[3] = tenth, ninetieth, energy, entropy
        one[4] = _percentile(ordered, 0.75) - _percentile(ordered, 0.25)
        one[6], one[7], one[8] = high, deviation / number, mean
        one[9] = (ordered[(number - 1) // 2] + ordered[number // 2]) / 2
        one[10], one[11], one[12] = low, high - low, _mean_deviation(ordered[start:stop])
        one[13] = math.sqrt(energy / number)
        if second * second > 0:
            one[5], one[14] = fourth / (second * second), third / second**1.5
        one[15], one[16], one[17], one[18] = energy * volume_mm3, uniformity, second, math.sqrt(second)
    return found
