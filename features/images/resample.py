"""resample: an image or a mask on a finer or coarser grid that shares its centre with the old one, as IBSI wants it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from features.core.kinds.normaliser import Change

MARGIN = {"linear": 2, "bspline": 20}  # input voxels beyond the output that the interpolator looks at
HALF = 0.5 - 1e-9  # a mask value that is 0.5 but for rounding counts as inside


@dataclass(frozen=True, slots=True)
class Axis:
    """One axis of the output: indices [first, last) of the whole image's resampled grid, and where they lie."""

    length: int
    old: float
    spacing: float
    offset_mm: float  # of the whole grid's first voxel from the image's first voxel
    first: int
    last: int

    @property
    def kept(self) -> bool:
        """Whether the voxels stay where they are."""
        return self.old == self.spacing

    @property
    def start_mm(self) -> float:
        """Where the first voxel lies, from the image's first voxel."""
        return self.offset_mm + self.first * self.spacing

    def places(self) -> NDArray[np.float64]:
        """Where the output voxels lie, in voxels of the input."""
        return (self.start_mm + self.spacing * np.arange(self.last - self.first, dtype=np.float64)) / self.old

    def window(self, margin: int) -> slice:
        """Input indices that the output needs."""
        low = math.floor(self.start_mm / self.old) - margin
        high = math.ceil((self.offset_mm + (self.last - 1) * self.spacing) / self.old) + margin + 1
        low = min(max(low, 0), self.length - 1)
        return slice(low, max(min(high, self.length), low + 1))


def axis_of(length: int, old: float, new: float, box: slice, padding: int) -> Axis:
    """The axis resampled from spacing `old` to `new` (centred, IBSI): what covers the input's `box` and `padding` voxels."""
    if abs(new - old) <= 1e-6 * old:  # the same grid: no interpolation, no shift
        return Axis(length, old, old, 0.0, max(box.start - padding, 0), min(box.stop + padding, length))
    size = math.ceil(round(length * old / new, 6))
    offset = 0.5 * ((length - 1) * old - (size - 1) * new)
    first = math.floor(((box.start - 1) * old - offset) / new) - padding
    last = math.ceil((box.stop * old - offset) / new) + padding + 1
    return Axis(length, old, new, offset, max(first, 0), min(last, size))


def resample(
    array: NDArray[np.generic],
    axes: Sequence[Axis],
    interpolator: Literal["linear", "bspline"],
    change: Change | None = None,
) -> NDArray[np.float64]:
    """The array (z, y, x), its intensities changed, at the voxels of the axes (x, y, z). Outside, the nearest voxel goes on.

    bspline: the cubic one through the voxels, mirrored at the border. Both grids have the same axes, so one is interpolated
    after the other: from three voxels on, the values are those of SimpleITK within 1e-10 of the range.
    """
    windows = [axis.window(MARGIN[interpolator]) for axis in axes]
    found: NDArray[np.float64] = array[tuple(reversed(windows))].astype(np.float64)
    found = found if change is None else change(found)
    for place, axis, window in zip((2, 1, 0), axes, windows, strict=True):
        if interpolator == "bspline":
            found = ndimage.spline_filter1d(found, 3, axis=place, mode="mirror")
        found = _summed(found, place, (_cubic if interpolator == "bspline" else _linear)(axis, window))
    return found


def resample_bytes(axes: Sequence[Axis], interpolator: Literal["linear", "bspline"]) -> int:
    """Bytes of memory that `resample` takes at most, with what it gives; that of the array it is given aside."""
    lengths = [window.stop - window.start for window in (axis.window(MARGIN[interpolator]) for axis in axes)]
    most, voxels = 0, math.prod(lengths)
    for place, axis in enumerate(axes):
        lengths[place] = axis.last - axis.first
        before, voxels = voxels, math.prod(lengths)
        most = max(most, 2 * before if interpolator == "bspline" else 0, before + 2 * voxels)
    return np.dtype(np.float64).itemsize * most


def _summed(
    array: NDArray[np.float64], place: int, terms: Sequence[tuple[NDArray[np.intp], NDArray[np.float64]]]
) -> NDArray[np.float64]:
    """The sum of voxels along an axis by their weights, in memory for two results."""
    shape = tuple(-1 if i == place else 1 for i in range(3))
    (indices, weights), *others = terms
    total = np.take(array, indices, axis=place)
    total *= weights.reshape(shape)
    for indices, weights in others:
        term = np.take(array, indices, axis=place)
        term *= weights.reshape(shape)
        total += term
    return total


def _linear(axis: Axis, window: slice) -> list[tuple[NDArray[np.intp], NDArray[np.float64]]]:
    """Two neighbours of every output voxel, and their weights."""
    last = window.stop - window.start - 1
    places = np.clip(axis.places() - window.start, 0, last)
    low = np.minimum(places.astype(np.intp), max(last - 1, 0))
    share = places - low
    return [(low, 1 - share), (np.minimum(low + 1, last), share)]


def _cubic(axis: Axis, window: slice) -> list[tuple[NDArray[np.intp], NDArray[np.float64]]]:
    """Four coefficients of the spline beside every output voxel, and their weights."""
    last = window.stop - window.start - 1
    places = axis.places() - window.start
    low = np.floor(places).astype(np.intp)
    far = places - low
    near = 1 - far
    low_end, high_end = near * near * near / 6, far * far * far / 6  # numpy's power rounds as the processor has it
    weights = low_end, 2 / 3 - far * far + 3 * high_end, 2 / 3 - near * near + 3 * low_end, high_end
    indices = (np.abs(low + step) % max(2 * last, 1) for step in (-1, 0, 1, 2))
    return [
        (np.where(index > last, 2 * last - index, index), weight)
        for index, weight in zip(indices, weights, strict=True)
    ]


def resample_mask(mask: NDArray[np.bool_], axes: Sequence[Axis]) -> NDArray[np.bool_]:
    """The mask at the voxels of the axes: interpolated linearly, one half and more is inside."""
    return resample(mask, axes, "linear") >= HALF


def round_half_up(array: NDArray[np.float64]) -> NDArray[np.float64]:
    """Whole numbers; half up, also where an exact half came out a little low."""
    found = array + (0.5 + 1e-9)
    return np.floor(found, out=found)
