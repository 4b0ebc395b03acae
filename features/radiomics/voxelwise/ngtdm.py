"""Neighbouring grey tone difference features round every voxel: the formulas of families/ngtdm.py on few levels."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from features.core.compiled import njit
from features.radiomics.dialects.pyradiomics import FEATURES

NAMES = tuple(feature.name for feature in FEATURES["ngtdm"])


@njit(cache=True, nogil=True)
def ngtdm(
    ranks: NDArray[np.uint16], levels: NDArray[np.int32], known: NDArray[np.int32], pairs: NDArray[np.int32]
) -> NDArray[np.float64]:
    """(V, 5): in the order of NAMES. pairs: (pairs, 2), places that are neighbours."""
    voxels, size = ranks.shape
    found = np.full((voxels, 5), math.nan)
    of_place, total, number = np.zeros(size), np.zeros(size), np.zeros(size)
    widest = known.max()
    count, summed, weighted = np.zeros(widest), np.zeros(widest), np.zeros(widest)
    for v in range(voxels):
        own, present, many = ranks[v], levels[v], known[v]
        if many == 0:
            continue
        total[:], number[:] = 0.0, 0.0
        for t in range(size):
            of_place[t] = present[own[t] - 1] if own[t] else 0.0
        for q in range(pairs.shape[0]):
            a, b = np.uint64(pairs[q, 0]), np.uint64(pairs[q, 1])
            if own[a] and own[b]:
                total[a] += of_place[b]
                total[b] += of_place[a]
                number[a] += 1
                number[b] += 1
        count[:many], summed[:many] = 0.0, 0.0
        for t in range(size):
            if own[t]:
                rank = own[t] - 1
                count[rank] += 1
                if number[t] > 0:
                    summed[rank] += abs(of_place[t] - total[t] / number[t])
        all_voxels, all_summed, coarse = 0.0, 0.0, 0.0
        for i in range(many):
            all_voxels += count[i]
            all_summed += summed[i]
            coarse += count[i] * summed[i]
        coarse /= all_voxels
        busy, complexity, contrast, strength = 0.0, 0.0, 0.0, 0.0
        for i in range(many):
            weighted[i] = present[i] * (count[i] / all_voxels)
        for i in range(many):
            for j in range(i):  # each pair of levels counts twice
                apart = np.float64(present[i] - present[j])
                both = count[i] + count[j]
                busy += abs(weighted[i] - weighted[j])
                complexity += apart * (count[i] * summed[i] + count[j] * summed[j]) / both
                contrast += count[i] * count[j] * apart * apart
                strength += both * apart * apart
        busy, strength = 2 * busy, 2 * strength / all_voxels
        one = found[v]
        one[0] = coarse / busy if busy > 0 else 0.0
        one[1] = 1 / coarse if coarse > 0 else 1e6
        one[2] = 2 * complexity / all_voxels
        one[3] = 0.0
        if many > 1:
            one[3] = 2 * contrast / (all_voxels * all_voxels) * all_summed / all_voxels / (many * (many - 1))
        one[4] = strength / all_summed if all_summed > 0 else 0.0
    return found
