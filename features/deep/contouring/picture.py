"""Picture: an image as a contouring network sees it, and a contour of it brought back to the image's own grid."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from features.core.quarantine import Rejected
from features.core.region import Volume
from features.deep.contouring.settings import Contouring
from features.images.resample import Axis, axis_of, resample, resample_mask

VERSION = "1"  # raise it when the same image should be shown otherwise
SHOWN = 65535.0  # what 1 is kept as
LOW, HIGH = 0.5, 99.5  # percentiles
Pixels = NDArray[np.uint16]


@dataclass(frozen=True, slots=True, eq=False)
class Picture:
    """An image (z, y, x) from 0 to 65535 on voxels of one spacing, and where they lie on the image's grid."""

    pixels: Pixels
    axes: tuple[Axis, ...]  # x, y, z


def picture_of(image: Volume, settings: Contouring) -> Picture:
    """The whole image, resampled linearly to voxels of `spacing_mm` and brought to its window. Padding takes its lowest value.

    Raises Rejected(SEGMENTATION_FAILED) if it has one value, or no finite one.
    """
    values = image.array.astype(np.float32)
    finite = np.isfinite(values)
    if image.padding is not None:
        finite &= ~image.padding
    if not finite.any():
        raise Rejected("SEGMENTATION_FAILED", "the image holds no finite value")
    low, high = settings.window or np.percentile(values[finite], (LOW, HIGH))
    if not high > low:
        raise Rejected("SEGMENTATION_FAILED", "the image has one value only, so that there is nothing to see")
    values = np.clip(np.where(finite, values, low), low, high)
    axes = _axes(image, settings)
    blur = [
        max(0.0, (axis.spacing / axis.old - 1) / 2) for axis in reversed(axes)
    ]  # sd in voxels, where the grid is coarser
    values = ndimage.gaussian_filter(values, blur, mode="nearest")
    shown = (resample(values, axes, "linear") - low) / (high - low)
    return Picture(np.rint(np.clip(shown, 0, 1) * SHOWN).astype(np.uint16), axes)


def mask_of(mask: NDArray[np.bool_], image: Volume, settings: Contouring) -> NDArray[np.bool_]:
    """A mask of the image on the voxels of its picture: half and more is inside."""
    return resample_mask(mask, _axes(image, settings))


def contour_of(
    probability: NDArray[np.float32], picture: Picture, image: Volume, settings: Contouring
) -> NDArray[np.bool_]:
    """What the network draws, on the image's own grid: probabilities (z, y, x) linear between voxels, 0.5 and more is inside."""
    scale = [axis.old / axis.spacing for axis in reversed(picture.axes)]
    offset = [-axis.start_mm / axis.spacing for axis in reversed(picture.axes)]
    there = ndimage.affine_transform(
        probability, scale, offset, image.array.shape, np.float32, order=1, mode="nearest", prefilter=False
    )
    found = np.asarray(there >= 0.5)
    return largest_part(found) if settings.keeps == "largest" else found


def largest_part(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """The largest connected part (26 neighbours), the first of equal ones; all of an empty mask."""
    parts, many = ndimage.label(mask, structure=np.ones((3, 3, 3)))
    if many < 2:
        return mask
    return np.asarray(parts == 1 + int(np.argmax(np.bincount(parts.reshape(-1))[1:])))


def _axes(image: Volume, settings: Contouring) -> tuple[Axis, ...]:
    spacing = settings.spacing_mm
    return tuple(
        axis_of(length, old, spacing, slice(0, length), 0)
        for length, old in zip(image.array.shape[::-1], image.spacing_mm, strict=True)
    )
