"""Slices and directions: their matrices put together in IBSI's ways, and what is said of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from features.radiomics.dialects.aggregation import Aggregation
from features.radiomics.dialects.roi import IbsiRoi
from features.radiomics.voxels.matrix import Matrix, average, merge, tally
from features.radiomics.voxels.texture import Texture

Values = dict[Aggregation | None, list[float]]  # of features in their order, by aggregation
# Of each thing that is counted, in the order of their slices: its first place in the grid, its rank, and its size, distance
# or dependence.
Things = tuple[NDArray[np.int32], NDArray[np.int64], NDArray[np.int64]]
_TOGETHER: tuple[tuple[Aggregation, Aggregation, bool], ...] = (
    ("2.5D:avg", "2.5D:mrg", True),
    ("3D:avg", "3D:mrg", False),
)  # averaged, merged, within slices


def aggregate_directions(
    roi: IbsiRoi,
    wanted: Sequence[Aggregation],
    matrices: Callable[[Texture], list[Matrix]],
    features: Callable[[Matrix], list[float]],
) -> Values:
    """Features by aggregation. matrices: those of a texture, one a direction."""
    found: Values = {}
    if "2D:avg" in wanted or "2D:mrg" in wanted:
        slices = [matrices(texture) for texture in roi.slice_textures()]
        if "2D:avg" in wanted:
            found["2D:avg"] = average([features(matrix) for directions in slices for matrix in directions])
        if "2D:mrg" in wanted:
            found["2D:mrg"] = average([features(merge(directions)) for directions in slices])
    for averaged, merged, flat in _TOGETHER:
        if averaged in wanted or merged in wanted:
            directions = matrices(roi.flat_texture if flat else roi.texture)
            if averaged in wanted:
                found[averaged] = average([features(matrix) for matrix in directions])
            if merged in wanted:
                found[merged] = features(merge(directions))
    return found


def aggregate_undirected(
    roi: IbsiRoi,
    wanted: Sequence[Aggregation],
    find: Callable[[bool], Things],
    features: Callable[[Matrix], list[float]],
) -> Values:
    """Features by aggregation. find: what is counted, within slices (True) or in space."""
    found: Values = {}
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
