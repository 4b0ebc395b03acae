"""Spheres: mean intensities round the voxels of a ROI, whatever the mask says of the voxels in them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from features.core.box import bounding_box
from features.core.compiled import njit
from features.core.kinds.filter import Source
from features.core.region import Box, Vector


def sphere_means(
    image: NDArray[np.generic], mask: NDArray[np.bool_], spacing_mm: Vector, radius_mm: float, within: Box | None = None
) -> NDArray[np.float64]:
    """Mean of the sphere round each voxel of the mask, in the order of the array; NaN if it meets a NaN.

    image, mask: (z, y, x); spacing_mm: (x, y, z); within: a box that holds the mask, if one is known. A voxel counts if its
    centre is in the sphere; where the image ends, spheres are cut.
    """
    spacing = np.array(spacing_mm[::-1])
    reach = [int(radius_mm / step) for step in spacing]
    source = Source(image, spacing_mm, bounding_box(mask, within))
    cropped, inner = source.crop((reach[0], reach[1], reach[2]))
    grid = np.stack(np.meshgrid(*(np.arange(-r, r + 1) for r in reach), indexing="ij"), axis=-1).reshape(-1, 3)
    sphere = grid[((grid * spacing) ** 2).sum(axis=1) <= radius_mm**2 * (1 + 1e-12)]
    places = np.argwhere(mask[source.box]) + [side.start for side in inner]
    return _means(cropped, places, sphere.astype(np.int64))  # type: ignore[no-any-return]


@njit(cache=True)
def _means(image: NDArray[np.float64], places: NDArray[np.int64], sphere: NDArray[np.int64]) -> NDArray[np.float64]:
    """Places that follow one another in a row, with their spheres within the image, are added up side by side."""
    many, number = len(places), len(sphere)
    found, totals = np.empty(many), np.empty(image.shape[2])
    depth, height, width = image.shape
    far = np.array([np.max(sphere[:, 0]), np.max(sphere[:, 1]), np.max(sphere[:, 2])])
    n = 0
    while n < many:
        z, y, x = places[n, 0], places[n, 1], places[n, 2]
        run = 1
        while n + run < many and places[n + run, 0] == z and places[n + run, 1] == y and places[n + run, 2] == x + run:
            run += 1
        low, high = (
            max(far[2] - x, 0),
            min(width - far[2] - x, run),
        )  # of the run: those whose spheres are within the row
        if not (far[0] <= z < depth - far[0] and far[1] <= y < height - far[1] and low < high):
            low = high = run
        for r in range(run):
            if not low <= r < high:
                found[n + r] = _mean(image, z, y, x + r, sphere)
        if low < high:
            sums = totals[: high - low]
            sums[:] = 0.0
            for k in range(number):
                start = x + low + sphere[k, 2]
                row = image[z + sphere[k, 0], y + sphere[k, 1], start : start + high - low]
                for r in range(row.size):
                    sums[r] += row[r]
            for r in range(sums.size):
                found[n + low + r] = sums[r] / number
        n += run
    return found


@njit(cache=True)
def _mean(image: NDArray[np.float64], z: int, y: int, x: int, sphere: NDArray[np.int64]) -> float:
    depth, height, width = image.shape
    total, number = 0.0, 0
    for k in range(len(sphere)):
        i, j, m = z + sphere[k, 0], y + sphere[k, 1], x + sphere[k, 2]
        if 0 <= i < depth and 0 <= j < height and 0 <= m < width:
            total += image[i, j, m]
            number += 1
    return total / number
