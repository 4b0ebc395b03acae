"""LBP 2D: local binary patterns of each slice, as scikit-image defines them."""

from __future__ import annotations

from collections.abc import Iterator
from math import ceil
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from features.core.bounds import RadiusVoxels
from features.core.compiled import njit
from features.core.kinds.filter import Filter, Source

_METHODS = {"default": 0, "ror": 1, "uniform": 2, "nri_uniform": 3, "var": 4}
_DEFAULT, _ROR, _UNIFORM, _NRI_UNIFORM, _VAR = _METHODS.values()


class Lbp2d(Filter):
    """Which samples on a circle round a voxel are not below it. axis: the one across the slices (z, y or x as 0, 1, 2).

    radius: of the circle, in voxels. samples: on the circle. method: what is made of the signs: `uniform` counts the
    signs of patterns that change at most twice along the circle, all others get samples + 1; `nri_uniform` tells turned
    patterns apart; `default` reads the signs as a number, `ror` as the lowest number of the turned pattern; `var` is the
    variance of the samples (0 where scikit-image gives NaN, of samples that are all alike).
    """

    kind: Literal["lbp2d"] = "lbp2d"
    radius: RadiusVoxels = Field(1.0, description="radius of the circle in voxels")
    samples: int = Field(8, ge=2, le=30, description="samples on the circle")
    method: Literal["default", "ror", "uniform", "nri_uniform", "var"] = Field(
        "uniform", description="what is made of the signs of the samples, as scikit-image defines it"
    )
    axis: Literal[0, 1, 2] = Field(0, description="the axis across the slices: z, y or x as 0, 1, 2")

    def names(self) -> list[str]:
        return ["lbp-2D"]

    def derive(self, source: Source) -> Iterator[tuple[str, NDArray[np.float64]]]:
        """One image. Beyond a border of the image everything is 0."""
        margin = ceil(self.radius) + 1
        array, inner = source.crop(tuple(0 if axis == self.axis else margin for axis in range(3)))  # type: ignore[arg-type]
        sizes = [part.stop - part.start for part in inner]
        before = [0 if axis == self.axis else margin - inner[axis].start for axis in range(3)]
        padded = np.zeros([n if axis == self.axis else n + 2 * margin for axis, n in enumerate(sizes)])
        padded[tuple(slice(start, start + n) for start, n in zip(before, array.shape, strict=True))] = array
        # Swapped, not moved: along y and x, slices have the orientation that pyradiomics gives them.
        slices = np.ascontiguousarray(padded.swapaxes(0, self.axis))
        angles = 2 * np.pi * np.arange(self.samples) / self.samples
        rows, columns = np.round(-self.radius * np.sin(angles), 5), np.round(self.radius * np.cos(angles), 5)
        first = [source.box[1 if self.axis != 1 else 0].start, source.box[2 if self.axis != 2 else 0].start]
        found = _patterns(slices, margin, first[0], first[1], rows, columns, _METHODS[self.method])
        yield "lbp-2D", np.ascontiguousarray(found.swapaxes(0, self.axis))


@njit(cache=True)
def _patterns(
    slices: NDArray[np.float64],
    margin: int,
    first_row: int,
    first_column: int,
    rows: NDArray[np.float64],
    columns: NDArray[np.float64],
    method: int,
) -> NDArray[np.float64]:
    samples = rows.size
    height, width = slices.shape[1] - 2 * margin, slices.shape[2] - 2 * margin
    found = np.empty((slices.shape[0], height, width))
    texture, signs = np.empty(samples), np.empty(samples, np.int64)
    for s in range(slices.shape[0]):
        image = slices[s]
        for r in range(height):
            for c in range(width):
                for i in range(samples):
                    # Places in the whole image, so that ties are broken as if it had been filtered.
                    row, column = first_row + r + rows[i], first_column + c + columns[i]
                    texture[i] = _sample(image, row, column, margin - first_row, margin - first_column)
                    signs[i] = texture[i] - image[r + margin, c + margin] >= 0
                found[s, r, c] = _code(signs, texture, method)
    return found


@njit(cache=True)
def _sample(image: NDArray[np.float64], row: float, column: float, down_by: int, right_by: int) -> float:
    y, x = row - np.floor(row), column - np.floor(column)
    up, left = int(np.floor(row)) + down_by, int(np.floor(column)) + right_by
    down, right = int(np.ceil(row)) + down_by, int(np.ceil(column)) + right_by
    top = (1 - x) * image[up, left] + x * image[up, right]
    bottom = (1 - x) * image[down, left] + x * image[down, right]
    return float((1 - y) * top + y * bottom)


@njit(cache=True)
def _code(signs: NDArray[np.int64], texture: NDArray[np.float64], method: int) -> float:
    samples, number, ones, changes = signs.size, 0, 0, 0
    for i in range(samples):
        number += signs[i] << i
        ones += signs[i]
        if i:
            changes += abs(signs[i] - signs[i - 1])
    if method == _DEFAULT:
        return float(number)
    if method == _ROR:
        lowest = number
        for _ in range(samples - 1):
            number = (number >> 1) | ((number & 1) << (samples - 1))
            lowest = min(lowest, number)
        return float(lowest)
    if method == _NRI_UNIFORM:
        if changes > 2:
            return float(samples * (samples - 1) + 2)
        if ones == 0:
            return 0.0
        if ones == samples:
            return float(samples * (samples - 1) + 1)
        first_one, first_zero = 0, 0
        while not signs[first_one]:
            first_one += 1
        while signs[first_zero]:
            first_zero += 1
        turns = samples - first_one if first_one else ones - first_zero
        return float(1 + (ones - 1) * samples + turns)
    if method == _UNIFORM:
        return float(ones) if changes <= 2 else float(samples + 1)
    return float(np.var(texture))
