"""Directions: matrices along the directions of space or of slices, aggregated in IBSI's six ways."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import product

import numpy as np
from numpy.typing import NDArray

from features.radiomics.ibsi1.feature import Aggregation
from features.radiomics.ibsi1.matrix import Matrix, average, merge
from features.radiomics.ibsi1.roi import IbsiRoi

Step = tuple[int, int, int]
# One of each pair of opposite neighbours, (z, y, x).
IN_SPACE: tuple[Step, ...] = tuple(step for step in product((-1, 0, 1), repeat=3) if step > (0, 0, 0))
IN_SLICE: tuple[Step, ...] = tuple(step for step in IN_SPACE if step[0] == 0)


def aggregate_directions(
    roi: IbsiRoi,
    wanted: Sequence[Aggregation],
    count: Callable[[NDArray[np.int32], Step, int], Matrix],
    features: Callable[[Matrix], list[float]],
) -> dict[Aggregation, list[float]]:
    """Features by aggregation. count: the matrix of levels (z, y, x) along a step, given how many voxels they have."""
    found: dict[Aggregation, list[float]] = {}
    if any(aggregation.startswith("2") for aggregation in wanted):
        rows = [
            [count(roi.level_map[z : z + 1], step, roi.voxels_of_slice[z]) for step in IN_SLICE] for z in roi.slices
        ]
        for aggregation in wanted:
            if aggregation == "2D:avg":
                found[aggregation] = average([features(matrix) for row in rows for matrix in row])
            elif aggregation == "2D:mrg":
                found[aggregation] = average([features(merge(row)) for row in rows])
            elif aggregation == "2.5D:avg":
                found[aggregation] = average([features(merge(row)) for row in zip(*rows, strict=True)])
            elif aggregation == "2.5D:mrg":
                found[aggregation] = features(merge([matrix for row in rows for matrix in row]))
    if any(aggregation.startswith("3") for aggregation in wanted):
        matrices = [count(roi.level_map, step, len(roi.values)) for step in IN_SPACE]
        if "3D:avg" in wanted:
            found["3D:avg"] = average([features(matrix) for matrix in matrices])
        if "3D:mrg" in wanted:
            found["3D:mrg"] = features(merge(matrices))
    return found
