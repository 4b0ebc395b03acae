"""Undirected: matrices of slices or of space that know no direction, aggregated in IBSI's three ways."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from features.radiomics.dialects.roi import IbsiRoi
from features.radiomics.ibsi1.feature import Aggregation
from features.radiomics.ibsi1.matrix import Matrix, average, merge, tally

# Of each thing that is counted, in the order of their slices: its first place in the grid, its rank, and its size, distance
# or dependence.
Things = tuple[NDArray[np.int32], NDArray[np.int64], NDArray[np.int64]]


def aggregate_undirected(
    roi: IbsiRoi,
    wanted: Sequence[Aggregation],
    find: Callable[[bool], Things],
    features: Callable[[Matrix], list[float]],
) -> dict[Aggregation, list[float]]:
    """Features by aggregation. find: what is counted, within slices (True) or in space."""
    found: dict[Aggregation, list[float]] = {}
    present = roi.levels.present
    if "2D" in wanted or "2.5D" in wanted:
        places, ranks, sizes = find(True)
        lattice = roi.flat_texture.lattice
        slices, voxels = np.unique(lattice.slices_of(lattice.places), return_counts=True)
        ends = np.searchsorted(lattice.slices_of(places), slices[1:])
        matrices = [
            tally(present[rank - 1], size, many)
            for rank, size, many in zip(np.split(ranks, ends), np.split(sizes, ends), voxels.tolist(), strict=True)
        ]
        if "2D" in wanted:
            found["2D"] = average([features(matrix) for matrix in matrices])
        if "2.5D" in wanted:
            found["2.5D"] = features(merge(matrices))
    if "3D" in wanted:
        _, ranks, sizes = find(False)
        found["3D"] = features(tally(present[ranks - 1], sizes, len(roi.values)))
    return found
