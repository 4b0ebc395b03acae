"""supervoxels: an image cut into parts of alike intensity and about one size."""

from __future__ import annotations

import math

import numpy as np
from numba import njit
from numpy.typing import NDArray

from features.core.region import Vector


def supervoxels(
    image: NDArray[np.float64], spacing_mm: Vector, cell_mm: float, compactness: float, iterations: int
) -> NDArray[np.int32]:
    """(z, y, x) numbers from 0 of the supervoxel of each voxel. image: scaled to about [0, 1]; the same gives the same.

    Simple linear iterative clustering (Achanta et al., IEEE TPAMI 2012;34:2274): k-means of places, in cells, and of
    intensities over `compactness`, each centre looking two cells far; parts of one supervoxel need not touch.
    """
    scale = np.array(spacing_mm[::-1]) / cell_mm
    lines = []
    for many, step in zip(image.shape, scale, strict=True):
        cells = max(round(many * float(step)), 1)
        lines.append((np.arange(cells) + 0.5) * many / cells - 0.5)
    places = np.stack(np.meshgrid(*lines, indexing="ij"), axis=-1).reshape(-1, 3)
    nearest = tuple(np.rint(places).astype(np.int64).T)
    centres = np.column_stack([places, image[nearest]])
    reach = np.array([math.ceil(2 / step) for step in scale], np.int64)
    found: NDArray[np.int32] = _cluster(np.ascontiguousarray(image), centres, scale, reach, 1 / compactness, iterations)
    return found


@njit(cache=True)
def _cluster(
    image: NDArray[np.float64],
    centres: NDArray[np.float64],
    scale: NDArray[np.float64],
    reach: NDArray[np.int64],
    weight: float,
    iterations: int,
) -> NDArray[np.int32]:
    depth, height, width = image.shape
    labels = np.zeros(image.shape, np.int32)
    nearest = np.empty(image.shape)
    for _ in range(iterations):
        nearest[:] = np.inf
        for c in range(centres.shape[0]):
            cz, cy, cx, level = centres[c]
            for z in range(max(int(cz) - reach[0], 0), min(int(cz) + reach[0] + 2, depth)):
                for y in range(max(int(cy) - reach[1], 0), min(int(cy) + reach[1] + 2, height)):
                    for x in range(max(int(cx) - reach[2], 0), min(int(cx) + reach[2] + 2, width)):
                        far = ((z - cz) * scale[0]) ** 2 + ((y - cy) * scale[1]) ** 2 + ((x - cx) * scale[2]) ** 2
                        far += ((image[z, y, x] - level) * weight) ** 2
                        if far < nearest[z, y, x]:
                            nearest[z, y, x] = far
                            labels[z, y, x] = c
        sums = np.zeros((centres.shape[0], 5))
        for z in range(depth):
            for y in range(height):
                for x in range(width):
                    one = sums[labels[z, y, x]]
                    one[0] += z
                    one[1] += y
                    one[2] += x
                    one[3] += image[z, y, x]
                    one[4] += 1
        for c in range(centres.shape[0]):
            if sums[c, 4] > 0:
                centres[c] = sums[c, :4] / sums[c, 4]
    return labels
