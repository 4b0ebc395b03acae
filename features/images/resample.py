"""resample: an image or a mask on a finer or coarser grid that shares its centre with the old one, as IBSI wants it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from features.core.normaliser import Change

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
    """The array (z, y, x), its intensities changed, at the voxels of the axes (x, y, z). Outside, the nearest voxel goes on."""
    import SimpleITK as sitk

    windows = [axis.window(MARGIN[interpolator]) for axis in axes]
    crop = array[tuple(reversed(windows))].astype(np.float64)
    image = sitk.GetImageFromArray(crop if change is None else change(crop))
    image.SetSpacing([axis.old for axis in axes])
    image.SetOrigin([window.start * axis.old for window, axis in zip(windows, axes, strict=True)])
    resampler = sitk.ResampleImageFilter()
    resampler.SetNumberOfThreads(1)  # workers are processes; one region is small
    resampler.SetSize([axis.last - axis.first for axis in axes])
    resampler.SetOutputSpacing([axis.spacing for axis in axes])
    resampler.SetOutputOrigin([axis.start_mm for axis in axes])
    resampler.SetInterpolator(sitk.sitkBSpline3 if interpolator == "bspline" else sitk.sitkLinear)
    resampler.SetUseNearestNeighborExtrapolator(True)
    resampler.SetOutputPixelType(sitk.sitkFloat64)
    found: NDArray[np.float64] = sitk.GetArrayFromImage(resampler.Execute(image))
    return found


def resample_mask(mask: NDArray[np.bool_], axes: Sequence[Axis]) -> NDArray[np.bool_]:
    """The mask at the voxels of the axes: interpolated linearly, one half and more is inside."""
    return resample(mask, axes, "linear") >= HALF


def round_half_up(array: NDArray[np.float64]) -> NDArray[np.float64]:
    """Whole numbers; half up, also where an exact half came out a little low."""
    return np.floor(array + (0.5 + 1e-9))
