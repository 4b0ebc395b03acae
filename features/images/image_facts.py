"""image_facts: facts by which an image is known again, whichever way it lies and however its numbers are stored."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from features.core.compiled import njit

_WHOLE = (np.int8, np.uint8, np.int16, np.uint16)  # squares of a plane fit into 64 bits, so that sums are exact


class ImageFacts(NamedTuple):
    """Of the finite voxels, padding included; NaN if there are none, or beyond double precision. In the image's unit.

    finite: their number. sd: population. plane_sd: root of the variances, added, that the means of planes have along x, y
    and z; a voxel that is not finite counts as 0 there.
    """

    finite: int
    lowest: float
    mean: float
    highest: float
    sd: float
    plane_sd: float


def image_facts(array: NDArray[np.generic]) -> ImageFacts:
    """Facts of an image (z, y, x) that stay if axes are flipped or exchanged, or if another type holds the same numbers.

    Sums are exact for whole numbers of 16 bits; of others they are in double precision, in the order of the voxels.
    """
    compiled = array.dtype.kind in "iu" or array.dtype.type is np.float32
    array = np.ascontiguousarray(array, array.dtype.newbyteorder("=") if compiled else np.float64)
    if array.dtype.type in _WHOLE:
        lowest, highest, squares, *planes = _sums_of_whole(array)
        finite = array.size
    else:
        finite, lowest, highest, squares, *planes = _sums(array)
    if not finite:
        return ImageFacts(0, *[math.nan] * 5)
    total, square = sum(planes[0].tolist()), sum(squares.tolist())
    variance = (finite * square - total * total) / (finite * finite)  # of whole numbers exact up to the division
    with np.errstate(over="ignore", invalid="ignore"):
        between = sum(float(np.var(sums * (len(sums) / array.size))) for sums in planes)
    found = lowest, total / finite, highest, math.sqrt(max(variance, 0.0)), math.sqrt(between)
    return ImageFacts(finite, *(float(value) if math.isfinite(value) else math.nan for value in found))


@njit(cache=True)
def _sums_of_whole(array):  # type: ignore[no-untyped-def]
    """Lowest, highest; sums of squares of the planes along z; sums of the planes along z, y and x."""
    depth, height, width = array.shape
    lowest = highest = array[0, 0, 0]
    squares, along_z = np.zeros(depth, np.int64), np.zeros(depth, np.int64)
    along_y, along_x = np.zeros(height, np.int64), np.zeros(width, np.int64)
    for z in range(depth):
        for y in range(height):
            total, square = np.int64(0), np.int64(0)
            for x in range(width):
                lowest, highest = min(lowest, array[z, y, x]), max(highest, array[z, y, x])
                value = np.int64(array[z, y, x])
                total += value
                square += value * value
                along_x[x] += value
            along_z[z] += total
            along_y[y] += total
            squares[z] += square
    return lowest, highest, squares, along_z, along_y, along_x


@njit(cache=True)
def _sums(array):  # type: ignore[no-untyped-def]
    """The number of finite voxels, and of these what `_sums_of_whole` gives."""
    depth, height, width = array.shape
    finite, lowest, highest = 0, np.inf, -np.inf
    squares, along_z = np.zeros(depth), np.zeros(depth)
    along_y, along_x = np.zeros(height), np.zeros(width)
    for z in range(depth):
        for y in range(height):
            total, square = 0.0, 0.0
            for x in range(width):
                value = np.float64(array[z, y, x])
                if np.isfinite(value):
                    finite += 1
                    lowest, highest = min(lowest, value), max(highest, value)
                    total += value
                    square += value * value
                    along_x[x] += value
            along_z[z] += total
            along_y[y] += total
            squares[z] += square
    return finite, lowest, highest, squares, along_z, along_y, along_x
