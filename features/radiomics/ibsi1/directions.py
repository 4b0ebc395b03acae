"""Directions: matrices along the directions of space or of slices, aggregated in IBSI's six ways."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from features.radiomics.ibsi1.feature import Aggregation
from features.radiomics.ibsi1.matrix import Matrix, average, merge
from features.radiomics.ibsi1.roi import IN_SLICE, IN_SPACE, IbsiRoi


def aggregate_directions(
    roi: IbsiRoi,
    wanted: Sequence[Aggregation],
    count: Callable[[NDArray[np.int64], int], Matrix],
    features: Callable[[Matrix], list[float]],
) -> dict[Aggregation, list[float]]:
    """Features by aggregation. count: the matrix of the voxels at some places of the line, along a step."""
    found: dict[Aggregation, list[float]] = {}
    if any(aggregation.startswith("2") for aggregation in wanted):
        steps = [roi.step_of(step) for step in IN_SLICE]
        rows = [[count(places, step) for step in steps] for places in roi.places_of_slice.values()]
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
        matrices = [count(roi.places, roi.step_of(step)) for step in IN_SPACE]
        if "3D:avg" in wanted:
            found["3D:avg"] = average([features(matrix) for matrix in matrices])
        if "3D:mrg" in wanted:
            found["3D:mrg"] = features(merge(matrices))
    return found
