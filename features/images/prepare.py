"""prepare_region: a Region as a recipe wants it: normalised, cropped, resampled, its variant taken, re-segmented."""

from __future__ import annotations

import math
import zlib
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from features.core.box import bounding_box
from features.core.kinds.preparation import WHOLE, Preparation
from features.core.kinds.variant import Variant
from features.core.memory import claim_grid
from features.core.quarantine import Rejected, Warned
from features.core.region import Region, Vector, Volume
from features.images.bias import correct_bias
from features.images.continuation import continued, surroundings
from features.images.distance import body_mask
from features.images.resample import MARGIN, Axis, axis_of, resample, resample_bytes, resample_mask, round_half_up

VERSION = "3"  # raise it when the same region and recipe give another region: all features are then computed again
NOWHERE: Vector = (0.0, 0.0, 0.0)
PADDING = 5  # voxels of the target grid around the ROI
KEPT_LEAST = 0.5  # of the ROI's voxels: below, features are of its smaller part
PADDING_FILTERS = 30  # keeps a recursive-Gaussian LoG equal to the uncropped one within 1e-6


def prepare_region(region: Region, preparation: Preparation, *, reach_mm: Vector = NOWHERE) -> Region:
    """The region around its ROI on the recipe's grid, float64, with the mask re-segmented by intensity.

    In order: correct the bias and normalise, by the whole image; crop to the ROI plus padding; resample on a grid that
    shares its centre with the uncropped image (IBSI), so that the crop changes no value; mask linear and >= 0.5; round half
    up; take the variant `preparation.roi` of the ROI (its outline, if the region has one); keep its voxels inside
    `preparation.resegment` that were not left out before, and of these those within `preparation.outlier_sigma` standard
    deviations of their mean; let these exchange their intensities if `preparation.shuffle` says so. Outside the image, and where
    the file marks padding near the ROI, the nearest voxel continues it. The padding covers what the variant and the extractors
    look at, and `reach_mm` (x, y, z) beyond the ROI; filters that see
    all get the whole image.

    warnings: what was noticed here, not what readers noticed: RESEGMENTED_MOST (over half of the ROI's voxels left out).
    Raises TooLarge above the memory limit of this thread, and Rejected: MASK_EMPTY, OOM_RISK (as `claim_grid`), IMAGE_FLAT
    (no contrast to normalise by), VARIANT_EMPTY, RESEGMENTED_EMPTY (fewer than `preparation.minimum_voxels`), NAN_IN_ROI
    (also in the ROI's surroundings where filters would spread it).
    """
    if not region.mask.any():
        raise Rejected("MASK_EMPTY")
    volume = correct_bias(region.volume, preparation.bias_correction) if preparation.bias_correction else region.volume
    change = preparation.normalise.fit(replace(region, volume=volume)) if preparation.normalise else None
    spacing = preparation.spacing_of(volume.spacing_mm)
    if volume.plane:  # nobody knows how thick it is
        spacing = (spacing[0], spacing[1], volume.spacing_mm[2])
    padding = near = PADDING_FILTERS if preparation.filters else PADDING
    if any(one.sees_all for one in preparation.filters):
        reach = max(
            n * old / new for n, old, new in zip(region.mask.shape[::-1], volume.spacing_mm, spacing, strict=True)
        )
        padding = math.ceil(reach)  # the whole image
    box = bounding_box(region.shape_mask)
    reaches = [max(one, preparation.reach_mm) for one in reach_mm]
    paddings = [
        max(padding, math.ceil(one / step) + 1 if one else 0) for one, step in zip(reaches, spacing, strict=True)
    ]
    axes = [
        axis_of(region.mask.shape[2 - i], volume.spacing_mm[i], spacing[i], box[2 - i], paddings[i]) for i in range(3)
    ]
    around = [
        math.ceil(max(near * axis.spacing, one) / axis.old) + MARGIN[preparation.interpolator]
        for one, axis in zip(reaches, axes, strict=True)
    ]
    volume = continued(volume, surroundings(box, region.mask.shape, (around[2], around[1], around[0])))
    voxels = math.prod(axis.last - axis.first for axis in axes)
    claim_grid(voxels, math.prod(axis.old / axis.spacing for axis in axes), _bytes_needed(axes, voxels, preparation))
    if all(axis.kept for axis in axes):
        crop = tuple(slice(axis.first, axis.last) for axis in reversed(axes))
        array = volume.array[crop].astype(np.float64)
        array = array if change is None else change(array)
    else:
        array = resample(volume.array, axes, preparation.interpolator, change)
    outline = _on_axes(region.shape_mask, axes)
    left_out = None if region.outline is None else outline & ~_on_axes(region.mask, axes)
    if preparation.round_intensities:
        array = round_half_up(array)
    grid: Vector = (axes[0].spacing, axes[1].spacing, axes[2].spacing)
    if preparation.roi.kind != WHOLE:
        outline = preparation.roi.select(outline, grid, _body(region.volume, axes, preparation.roi))
        if (count := int(outline.sum())) < preparation.minimum_voxels:
            raise Rejected("VARIANT_EMPTY", voxels=count, minimum_voxels=preparation.minimum_voxels)
        if region.volume.padding is not None and (beyond := outline & _on_axes(region.volume.padding, axes)).any():
            left_out = beyond if left_out is None else left_out | beyond
    mask = outline if left_out is None else outline & ~left_out
    before = int(mask.sum())
    mask = _resegmented(array, mask, preparation)
    _check(array, mask, preparation)
    if preparation.shuffle is not None:
        array = _shuffled(array, mask, preparation.shuffle)
    direction = np.array(volume.direction).reshape(3, 3)
    origin = np.array(volume.origin_mm) + direction @ np.array([axis.start_mm for axis in axes])
    place = (float(origin[0]), float(origin[1]), float(origin[2]))
    prepared = Volume(array, grid, place, volume.direction, volume.facts, plane=volume.plane)
    return Region(prepared, mask, None if mask is outline else outline, warnings=_resegmented_most(before, mask))


def least_padding_mm(preparation: Preparation, spacing_mm: Vector) -> Vector:
    """How far beyond the ROI a prepared region shows the image at least (x, y, z), of an image with this spacing."""
    padding = PADDING_FILTERS if preparation.filters else PADDING
    x, y, z = (max(padding * step, preparation.reach_mm) for step in preparation.spacing_of(spacing_mm))
    return x, y, z


def _bytes_needed(axes: Sequence[Axis], voxels: int, preparation: Preparation) -> int:
    """Bytes of memory that the new grid takes at most: the array, masks, and one copy of the array or what resampling takes."""
    array, masks = 8 * voxels, 3 * voxels
    if all(axis.kept for axis in axes):
        return 2 * array + masks
    mask = array + max(resample_bytes(axes, "linear"), array)
    return max(resample_bytes(axes, preparation.interpolator), mask) + masks


def _resegmented(array: NDArray[np.float64], mask: NDArray[np.bool_], preparation: Preparation) -> NDArray[np.bool_]:
    """The voxels of a mask whose intensity the recipe keeps; the mask itself if it asks for nothing."""
    low, high = preparation.resegment or (None, None)
    if low is not None:
        mask = mask & (array >= low)
    if high is not None:
        mask = mask & (array <= high)
    values = array[mask]
    if preparation.outlier_sigma is not None and len(values) and np.isfinite(values).all():
        beside = array - values.mean()
        mask = mask & (np.abs(beside, out=beside) <= preparation.outlier_sigma * values.std())
    return mask


def _shuffled(array: NDArray[np.float64], mask: NDArray[np.bool_], seed: int) -> NDArray[np.float64]:
    """The array after the voxels of the mask exchanged their values: what surrounds it stays. By the seed and the mask alone, so
    that processors which round differently shuffle alike."""
    rng = np.random.default_rng([seed, zlib.crc32(np.packbits(mask).tobytes())])
    found = array.copy()
    found[mask] = rng.permutation(array[mask])
    return found


def _resegmented_most(before: int, mask: NDArray[np.bool_]) -> tuple[Warned, ...]:
    """RESEGMENTED_MOST if re-segmentation left less than half of the ROI. before: its voxels then."""
    left = int(mask.sum())
    if left >= KEPT_LEAST * before:
        return ()
    return (Warned("RESEGMENTED_MOST", details={"voxels_left": left, "share": round(left / before, 6)}),)


def _body(volume: Volume, axes: list[Axis], variant: Variant) -> NDArray[np.bool_] | None:
    """The body on the output grid, found in whole slices of the image as it is; None if the variant asks for none."""
    if variant.body_above is None:
        return None
    slices = slice(axes[2].first, axes[2].last) if axes[2].kept else axes[2].window(MARGIN["linear"])
    body = np.zeros(volume.array.shape, bool)
    body[slices] = body_mask(volume.array[slices], variant.body_above)
    return _on_axes(body, axes)


def _on_axes(mask: NDArray[np.bool_], axes: list[Axis]) -> NDArray[np.bool_]:
    """A mask of the image on the output grid."""
    if all(axis.kept for axis in axes):
        return mask[tuple(slice(axis.first, axis.last) for axis in reversed(axes))].copy()
    return resample_mask(mask, axes)


def _check(array: NDArray[np.float64], mask: NDArray[np.bool_], preparation: Preparation) -> None:
    count = int(mask.sum())
    if count < preparation.minimum_voxels:
        raise Rejected("RESEGMENTED_EMPTY", voxels=count, minimum_voxels=preparation.minimum_voxels)
    if not np.isfinite(array[mask]).all():
        raise Rejected("NAN_IN_ROI")
    if preparation.filters and not np.isfinite(array).all():
        raise Rejected("NAN_IN_ROI", "the ROI's surroundings hold NaN or infinite voxels, which filters would spread")
