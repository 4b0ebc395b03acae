"""supervoxels: an image cut into parts of alike intensity and about one size."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from features.core.compiled import njit
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
    labels = np.zeros(image.shape, np.int32)
    image = np.ascontiguousarray(image)
    features = [*(axis.reshape(-1).astype(np.float64) for axis in np.indices(image.shape)), image.reshape(-1)]
    for _ in range(iterations):
        _assign(image, centres, scale, reach, 1 / compactness, labels)
        counts = np.bincount(labels.reshape(-1), minlength=len(centres))
        sums = np.column_stack([np.bincount(labels.reshape(-1), each, len(centres)) for each in features])
        centres[counts > 0] = sums[counts > 0] / counts[counts > 0, None]
    return labels


@njit(cache=True)
def _assign(
    image: NDArray[np.float64],
    centres: NDArray[np.float64],
    scale: NDArray[np.float64],
    reach: NDArray[np.int64],
    weight: float,
    labels: NDArray[np.int32],
) -> None:
    """Give each voxel the number of its nearest centre."""
    nearest = np.full(image.size, np.inf)
    depth, height, width = image.shape
    for c in range(centres.shape[0]):
        cz, cy, cx, level = centres[c, 0], centres[c, 1], centres[c, 2], centres[c, 3]
        for z in range(max(int(cz) - reach[0], 0), min(int(cz) + reach[0] + 2, depth)):
            for y in range(max(int(cy) - reach[1], 0), min(int(cy) + reach[1] + 2, height)):
                place = (z * height + y) * width
                away = ((z - cz) * scale[0]) ** 2 + ((y - cy) * scale[1]) ** 2
                for x in range(max(int(cx) - reach[2], 0), min(int(cx) + reach[2] + 2, width)):
                    far = away + ((x - cx) * scale[2]) ** 2 + ((image[z, y, x] - level) * weight) ** 2
                    if far < nearest[place + x]:
                        nearest[place + x] = far
                        labels[z, y, x] = c
