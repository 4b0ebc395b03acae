"""Undirected: matrices of slices or of space that know no direction, aggregated in IBSI's three ways."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from features.radiomics.ibsi1.feature import Aggregation
from features.radiomics.ibsi1.matrix import Matrix, average, merge, tally
from features.radiomics.ibsi1.roi import IbsiRoi

# Of each thing that is counted: its slice, its grey level, and its size, distance or dependence.
Things = tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]


def aggregate_undirected(
    roi: IbsiRoi,
    wanted: Sequence[Aggregation],
    find: Callable[[bool], Things],
    features: Callable[[Matrix], list[float]],
) -> dict[Aggregation, list[float]]:
    """Features by aggregation. find: what is counted, within slices (True) or in space."""
    found: dict[Aggregation, list[float]] = {}
    if "2D" in wanted or "2.5D" in wanted:
        slices, levels, sizes = find(True)
        matrices = [
            tally(levels[slices == z], sizes[slices == z], len(places)) for z, places in roi.places_of_slice.items()
        ]
        if "2D" in wanted:
            found["2D"] = average([features(matrix) for matrix in matrices])
        if "2.5D" in wanted:
            found["2.5D"] = features(merge(matrices))
    if "3D" in wanted:
        _, levels, sizes = find(False)
        found["3D"] = features(tally(levels, sizes, len(roi.values)))
    return found
