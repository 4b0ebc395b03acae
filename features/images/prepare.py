"""prepare_region: a Region as a recipe wants it: normalised, cropped, resampled, its variant taken, re-segmented."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from features.core.quarantine import Rejected
from features.core.recipe import WHOLE, Filters, Recipe
from features.core.region import Region, Vector, Volume
from features.core.variant import Variant
from features.images.distance import body_mask

PADDING = 5  # voxels of the target grid around the ROI
PADDING_FILTERS = 30  # keeps a recursive-Gaussian LoG equal to the uncropped one within 1e-6
MARGIN = {"linear": 2, "bspline": 20}  # input voxels beyond the output that the interpolator looks at
HALF = 0.5 - 1e-9  # a mask value that is 0.5 but for rounding counts as inside


def prepare_region(region: Region, recipe: Recipe) -> Region:
    """The region around its ROI on the recipe's grid, float64, with the mask re-segmented by intensity range.

    In order: normalise over the whole image; crop to the ROI plus padding; resample on a grid that shares its centre
    with the uncropped image (IBSI), so that the crop changes no value; mask linear and >= 0.5; round half up; take the
    variant `recipe.roi` of the mask; keep its voxels inside `recipe.resegment`. Outside the image the nearest voxel
    continues it. The padding covers what the variant and the extractors look at.

    Raises Rejected: MASK_EMPTY, MASK_FLAT (no contrast to normalise by), VARIANT_EMPTY, RESEGMENTED_EMPTY (fewer than
    `recipe.minimum_voxels`), NAN_IN_ROI (also in the ROI's surroundings where filters would spread it).
    """
    if not region.mask.any():
        raise Rejected("MASK_EMPTY")
    shift, scale = _normalisation(region.volume, recipe)
    spacing = recipe.spacing_mm or region.volume.spacing_mm
    padding = PADDING if recipe.filters == Filters() else PADDING_FILTERS
    box = ndimage.find_objects(region.mask.astype(np.uint8))[0]
    paddings = [max(padding, math.ceil(recipe.reach_mm / step) + 1 if recipe.reach_mm else 0) for step in spacing]
    axes = [
        _axis(region.mask.shape[2 - i], region.volume.spacing_mm[i], spacing[i], box[2 - i], paddings[i])
        for i in range(3)
    ]
    if all(axis.kept for axis in axes):
        crop = tuple(slice(axis.first, axis.last) for axis in reversed(axes))
        array = (region.volume.array[crop].astype(np.float64) - shift) * scale
        mask = region.mask[crop].copy()
    else:
        margin = MARGIN[recipe.interpolator]
        array = _resampled(region.volume.array, axes, margin, recipe.interpolator, shift, scale)
        mask = _resampled(region.mask, axes, MARGIN["linear"], "linear", 0.0, 1.0) >= HALF
    if recipe.round_intensities:
        array = np.floor(array + 0.5 + 1e-9)  # half up, also where an exact half came out a little low
    grid: Vector = (axes[0].spacing, axes[1].spacing, axes[2].spacing)
    if recipe.roi.kind != WHOLE:
        mask = recipe.roi.select(mask, grid, _body(region.volume, axes, recipe.roi))
        if (count := int(mask.sum())) < recipe.minimum_voxels:
            raise Rejected("VARIANT_EMPTY", voxels=count, minimum_voxels=recipe.minimum_voxels)
    outline = None
    if recipe.resegment is not None:
        outline = mask
        mask = mask & (array >= recipe.resegment[0]) & (array <= recipe.resegment[1])
    _check(array, mask, recipe)
    direction = np.array(region.volume.direction).reshape(3, 3)
    origin = np.array(region.volume.origin_mm) + direction @ np.array([axis.start_mm for axis in axes])
    place = (float(origin[0]), float(origin[1]), float(origin[2]))
    return Region(Volume(array, grid, place, region.volume.direction, region.volume.facts), mask, outline)


@dataclass(frozen=True, slots=True)
class _Axis:
    """One axis of the output: indices [first, last) of the whole image's resampled grid, and where they lie."""

    length: int
    old: float
    spacing: float
    offset_mm: float  # of the whole grid's first voxel from the image's first voxel
    first: int
    last: int

    @property
    def kept(self) -> bool:
        return self.old == self.spacing

    @property
    def start_mm(self) -> float:
        return self.offset_mm + self.first * self.spacing

    def window(self, margin: int) -> slice:
        """Input indices that the output needs."""
        low = math.floor(self.start_mm / self.old) - margin
        high = math.ceil((self.offset_mm + (self.last - 1) * self.spacing) / self.old) + margin + 1
        low = min(max(low, 0), self.length - 1)
        return slice(low, max(min(high, self.length), low + 1))


def _axis(length: int, old: float, new: float, box: slice, padding: int) -> _Axis:
    if abs(new - old) <= 1e-6 * old:  # the same grid: no interpolation, no shift
        return _Axis(length, old, old, 0.0, max(box.start - padding, 0), min(box.stop + padding, length))
    size = math.ceil(round(length * old / new, 6))
    offset = 0.5 * ((length - 1) * old - (size - 1) * new)
    first = math.floor(((box.start - 1) * old - offset) / new) - padding
    last = math.ceil((box.stop * old - offset) / new) + padding + 1
    return _Axis(length, old, new, offset, max(first, 0), min(last, size))


def _normalisation(volume: Volume, recipe: Recipe) -> tuple[float, float]:
    """Shift and scale: (intensity − shift) × scale."""
    if recipe.normalise is None:
        return 0.0, 1.0
    values = volume.array[volume.array > 0].astype(np.float64)  # type: ignore[operator]
    values = values[np.isfinite(values)]
    spread = float(values.std()) if len(values) else 0.0
    if spread == 0:
        raise Rejected("MASK_FLAT", "the image has no contrast to normalise by")
    return float(values.mean()), recipe.normalise.scale / spread


def _resampled(
    array: NDArray[np.generic], axes: list[_Axis], margin: int, interpolator: str, shift: float, scale: float
) -> NDArray[np.float64]:
    """Values at the output grid, from a window of the input with the margin that the interpolator needs."""
    import SimpleITK as sitk

    windows = [axis.window(margin) for axis in axes]
    crop = array[tuple(reversed(windows))].astype(np.float64)
    image = sitk.GetImageFromArray((crop - shift) * scale)
    image.SetSpacing([axis.old for axis in axes])
    image.SetOrigin([window.start * axis.old for window, axis in zip(windows, axes, strict=True)])
    resample = sitk.ResampleImageFilter()
    resample.SetNumberOfThreads(1)  # workers are processes; one region is small
    resample.SetSize([axis.last - axis.first for axis in axes])
    resample.SetOutputSpacing([axis.spacing for axis in axes])
    resample.SetOutputOrigin([axis.start_mm for axis in axes])
    resample.SetInterpolator(sitk.sitkBSpline3 if interpolator == "bspline" else sitk.sitkLinear)
    resample.SetUseNearestNeighborExtrapolator(True)
    resample.SetOutputPixelType(sitk.sitkFloat64)
    found: NDArray[np.float64] = sitk.GetArrayFromImage(resample.Execute(image))
    return found


def _body(volume: Volume, axes: list[_Axis], variant: Variant) -> NDArray[np.bool_] | None:
    """The body on the output grid, found in whole slices of the image as it is; None if the variant asks for none."""
    if variant.body_above is None:
        return None
    slices = slice(axes[2].first, axes[2].last) if axes[2].kept else axes[2].window(MARGIN["linear"])
    body = np.zeros(volume.array.shape, bool)
    body[slices] = body_mask(volume.array[slices], variant.body_above)
    if all(axis.kept for axis in axes):
        return body[tuple(slice(axis.first, axis.last) for axis in reversed(axes))]
    return _resampled(body, axes, MARGIN["linear"], "linear", 0.0, 1.0) >= HALF


def _check(array: NDArray[np.float64], mask: NDArray[np.bool_], recipe: Recipe) -> None:
    count = int(mask.sum())
    if count < recipe.minimum_voxels:
        raise Rejected("RESEGMENTED_EMPTY", voxels=count, minimum_voxels=recipe.minimum_voxels)
    if not np.isfinite(array[mask]).all():
        raise Rejected("NAN_IN_ROI")
    if recipe.filters != Filters() and not np.isfinite(array).all():
        raise Rejected("NAN_IN_ROI", "the ROI's surroundings hold NaN or infinite voxels, which filters would spread")
