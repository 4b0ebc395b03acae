"""prepare_pair: the pixels that are measured of an image and a label map, as pyradiomics prepares them."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from itertools import product
from typing import Any

import numpy as np
from numpy.typing import NDArray

from features.core.box import bounding_box
from features.core.box import label_mask as mask_of
from features.core.memory import claim_grid
from features.core.quarantine import Rejected
from features.core.region import Box, Region, Vector, Volume
from features.core.wording import counted
from features.radiomics.pyradiomics_preparation import Interpolator, PyradiomicsPreparation

INTERPOLATION_REACH = 24  # voxels that a spline looks at: beyond, its weights are below 1e-13


@dataclass(frozen=True, eq=False)
class Steps:
    """What is measured, and the ROI after each step that changed it, in order: original, interpolated, corrected,
    resegmented. The original one is on the grid of the label map; the volume of the others is the image."""

    region: Region
    regions: Mapping[str, Region]


def prepare_pair(image: Volume, labels: Volume, preparation: PyradiomicsPreparation) -> Steps:
    """The image and the masks of one label, ready for the engine; pixels are those of pyradiomics within 1e-9.

    Nothing is copied that need not change: without normalisation and resampling the image is the one that was given.
    Images of whole numbers stay whole numbers when they are resampled (decimals are cut off), as in pyradiomics.

    Raises Rejected: LABEL_ABSENT, MASK_VALUES, MASK_EMPTY, MASK_TINY, GEOMETRY, NAN_IN_ROI, IMAGE_FLAT (no contrast to
    normalise by), RESEGMENTED_EMPTY, OOM_RISK (as `claim_grid`). TooLarge above the memory
    limit of this thread, or the machine's.
    """
    grids = compare_grids(image, labels, preparation.tolerance)
    if not grids and (image.plane or labels.plane):  # the other may tell the thickness, and the place of the slice
        labels = replace(labels, spacing_mm=image.spacing_mm, origin_mm=image.origin_mm, direction=image.direction)
    mask, box = label_mask(labels, preparation.label)
    regions = {"original": Region(labels, mask, within=box)}
    if preparation.spacing_mm is None and grids and not preparation.correct_mask:
        raise Rejected(
            "GEOMETRY", f"image and mask have different grids: {grids} (correctMask: true moves the mask over)"
        )
    volume = _normalised(image, preparation) if preparation.normalise else image
    if preparation.spacing_mm is not None:
        volume, mask = _resampled(volume, labels, mask, preparation)
        box = _any_box(mask)
        regions["interpolated"] = Region(volume, mask, within=box)
    elif grids:
        _check_inside(volume, labels, box)
        mask = _onto_grid(mask, labels, volume)
        box = _any_box(mask)
        regions["corrected"] = Region(volume, mask, within=box)
    _check_size(mask, box, preparation)
    if preparation.crop and preparation.spacing_mm is None:
        volume, mask = _cropped(volume, mask, box, preparation.padding)
        box = bounding_box(mask)
    kept = mask
    if preparation.resegment is not None:
        kept = _resegmented(volume, mask, box, preparation)
        _check_size(kept, bounding_box(kept, box), preparation)
        regions["resegmented"] = Region(volume, kept, within=box)
    if volume.array.dtype.kind == "f":
        _check_finite(volume.array[box][kept[box]])
    outline = mask if preparation.resegment is not None and not preparation.resegment_shape else None
    return Steps(Region(volume, kept, outline, box), regions)


def label_mask(labels: Volume, label: int) -> tuple[NDArray[np.bool_], Box]:
    """Voxels of a label, and their box. Raises Rejected: MASK_VALUES (values that are not whole), LABEL_ABSENT, MASK_EMPTY."""
    array: NDArray[Any] = labels.array
    if array.dtype.kind == "f":
        whole = np.rint(array)
        if not (np.abs(array - whole) <= 1e-6).all():
            raise Rejected("MASK_VALUES")
        array = whole
    found = mask_of(array, label) if label <= _largest(array.dtype) else None
    if found is None:
        there = [int(value) for value in np.unique(array) if value != 0]
        if not there:
            raise Rejected("MASK_EMPTY")
        shown = ", ".join(map(str, there[:20])) + (" …" if len(there) > 20 else "")
        raise Rejected("LABEL_ABSENT", f"the mask has no voxel of label {label}; labels that are there: {shown}")
    return found


def _largest(dtype: np.dtype[Any]) -> float:
    return math.inf if dtype.kind == "f" else float(np.iinfo(dtype).max)


def compare_grids(image: Volume, labels: Volume, tolerance: float | None = None) -> str:
    """What differs between the grids of an image and a label map, in words; "" if nothing does."""
    found = image.differences(
        labels, 1e-4 if tolerance is None else tolerance, 1e-3 if tolerance is None else tolerance
    )
    shown = {
        "size": (image.array.shape[::-1], labels.array.shape[::-1]),
        "spacing": (image.spacing_mm, labels.spacing_mm),
        "origin": (image.origin_mm, labels.origin_mm),
        "direction": (image.direction, labels.direction),
    }
    return "; ".join(f"{name} {' and '.join(map(_numbers, shown[name]))}" for name in found)


def _numbers(values: Any) -> str:
    return "(" + ", ".join(f"{value:.7g}" for value in values) + ")"


def _normalised(image: Volume, preparation: PyradiomicsPreparation) -> Volume:
    """By ITK, so that not even the last digit differs: local binary patterns turn on that."""
    import SimpleITK as sitk

    if np.min(image.array) == np.max(image.array):
        raise Rejected("IMAGE_FLAT", "the image has no contrast to normalise by")
    normalise = sitk.NormalizeImageFilter()
    normalise.SetNumberOfThreads(1)
    values = sitk.GetArrayFromImage(normalise.Execute(itk_image(image)))
    if preparation.outliers is not None:
        np.clip(values, -preparation.outliers, preparation.outliers, out=values)
    values *= preparation.scale
    return Volume(values, image.spacing_mm, image.origin_mm, image.direction, image.facts, plane=image.plane)


def _resampled(
    image: Volume, labels: Volume, mask: NDArray[np.bool_], preparation: PyradiomicsPreparation
) -> tuple[Volume, NDArray[np.bool_]]:
    """Image and mask on a grid of the wanted spacing, which begins at the corner of the label map's and is cut to the ROI."""
    import SimpleITK as sitk

    box = bounding_box(mask)
    _check_inside(image, labels, box)
    start = np.array([axis.start for axis in reversed(box)])
    stop = np.array([axis.stop for axis in reversed(box)])
    old, wanted = np.array(labels.spacing_mm), np.array(preparation.spacing_mm)
    new = np.where((wanted == 0) | (stop - start == 1), old, wanted)  # one slice alone cannot be interpolated
    if np.allclose(image.spacing_mm, new):
        mask = _onto_grid(mask, labels, image)
        return _cropped(image, mask, _any_box(mask), preparation.padding)
    ratio = old / new
    last_of_all = np.ceil(np.array(mask.shape[::-1]) * ratio) - 1
    first = np.maximum(np.floor((start - 0.5) * ratio - preparation.padding), 0)
    last = np.minimum(np.ceil((stop - 0.5) * ratio + preparation.padding), last_of_all)
    voxels = math.prod((last - first + 1).tolist())
    bytes_per_voxel = 2 * max(image.array.dtype.itemsize, 1) + 1  # ITK's and numpy's copy, and the mask
    claim_grid(voxels, math.prod(ratio.tolist()), bytes_per_voxel * int(voxels))
    source, pixels = itk_image(labels, mask.view(np.uint8)), image
    size, index = (last - first + 1).astype(int).tolist(), (0.5 * (new - old) / old + first / ratio).tolist()
    origin = source.TransformContinuousIndexToPhysicalPoint(index)
    resample = sitk.ResampleImageFilter()
    resample.SetNumberOfThreads(1)
    resample.SetOutputSpacing(new.tolist())
    resample.SetOutputDirection(labels.direction)
    resample.SetOutputOrigin(origin)
    resample.SetSize(size)
    flat = bool(image.plane) and _lies_flat(image) and _lies_flat(labels)
    if not flat:
        pixels = _needed(image, resample, preparation.interpolator)
    else:  # the spline of two axes differs from that of three by the last digit, which decides on the edge of a bin
        source = source[:, :, 0]
        resample.SetOutputSpacing(new[:2].tolist())
        resample.SetOutputDirection(source.GetDirection())
        resample.SetOutputOrigin(source.TransformContinuousIndexToPhysicalPoint(index[:2]))
        resample.SetSize(size[:2])
    moving = itk_image(pixels)[:, :, 0] if flat else itk_image(pixels)
    resample.SetInterpolator(sitk.sitkNearestNeighbor)
    found = sitk.GetArrayFromImage(resample.Execute(source)).astype(np.bool_).reshape(size[::-1])
    resample.SetInterpolator(getattr(sitk, f"sitk{preparation.interpolator}"))
    array = sitk.GetArrayFromImage(resample.Execute(moving)).reshape(size[::-1])
    spacing: Vector = (float(new[0]), float(new[1]), float(new[2]))
    return Volume(array, spacing, tuple(origin), labels.direction, image.facts, plane=image.plane), found


def _lies_flat(volume: Volume) -> bool:
    """Whether it is one slice whose axes are two of space, so that it can be taken as an image of two axes."""
    x, y, out, across, up = (volume.direction[i] for i in (2, 5, 8, 6, 7))
    return volume.array.shape[0] == 1 and (x, y, across, up) == (0, 0, 0, 0) and abs(out) == 1


def _needed(image: Volume, resample: Any, interpolator: Interpolator) -> Volume:
    """What of the image its resampled grid is made of, within 1e-12. Whole numbers need all: decimals are cut off, so that
    the last digit may decide, and the nearest voxel is chosen by the last digit too."""
    if image.array.dtype.kind != "f" or interpolator == "NearestNeighbor":
        return image
    corners = np.array(list(product(*((0, length - 1) for length in resample.GetSize()))), np.float64)
    turned = np.array(resample.GetOutputDirection()).reshape(3, 3) * np.array(resample.GetOutputSpacing())
    back = np.array(image.direction).reshape(3, 3) * np.array(image.spacing_mm)
    places = corners @ turned.T + np.array(resample.GetOutputOrigin()) - np.array(image.origin_mm)
    indices = np.linalg.solve(back, places.T)[::-1]
    starts, stops = np.floor(indices.min(axis=1)).astype(int), np.ceil(indices.max(axis=1)).astype(int) + 1
    last = np.array(image.array.shape)
    z, y, x = (
        slice(int(start), int(stop))
        for start, stop in zip(np.clip(starts, 0, last - 1), np.clip(stops, 1, last), strict=True)
    )
    return crop_around(image, (z, y, x), INTERPOLATION_REACH)[0]


def _onto_grid(mask: NDArray[np.bool_], labels: Volume, image: Volume) -> NDArray[np.bool_]:
    """The mask on the image's grid: of each voxel the nearest one of the label map."""
    import SimpleITK as sitk

    if mask.shape == image.array.shape and _grid(labels) == _grid(image):
        return mask
    resample = sitk.ResampleImageFilter()
    resample.SetNumberOfThreads(1)
    resample.SetOutputSpacing(image.spacing_mm)
    resample.SetOutputOrigin(image.origin_mm)
    resample.SetOutputDirection(image.direction)
    resample.SetSize(image.array.shape[::-1])
    resample.SetInterpolator(sitk.sitkNearestNeighbor)
    found = sitk.GetArrayFromImage(resample.Execute(itk_image(labels, mask.view(np.uint8))))
    return np.asarray(found.astype(np.bool_))


def _grid(volume: Volume) -> tuple[object, ...]:
    return tuple(volume.spacing_mm), tuple(volume.origin_mm), tuple(volume.direction)


def itk_image(volume: Volume, array: NDArray[Any] | None = None) -> Any:
    """A SimpleITK image of the volume, or of another array on its grid."""
    import SimpleITK as sitk

    array = volume.array if array is None else array
    image = sitk.GetImageFromArray(array.astype(np.float32) if array.dtype == np.float16 else array)
    image.SetSpacing(volume.spacing_mm)
    image.SetOrigin(volume.origin_mm)
    image.SetDirection(volume.direction)
    return image


def _check_inside(image: Volume, labels: Volume, box: Box) -> None:
    """Raises Rejected(GEOMETRY) if the box of the ROI, on the label map's grid, leaves the image."""
    corners = np.array([[axis.start - 0.5 for axis in reversed(box)], [axis.stop - 0.5 for axis in reversed(box)]])
    turned = np.array(labels.direction).reshape(3, 3) * np.array(labels.spacing_mm)
    back = np.array(image.direction).reshape(3, 3) * np.array(image.spacing_mm)
    places = corners @ turned.T + np.array(labels.origin_mm) - np.array(image.origin_mm)
    indices = np.linalg.solve(back, places.T).T
    size = np.array(image.array.shape[::-1])
    if (indices.min(axis=0) < -0.5 - 1e-3).any() or (indices.max(axis=0) > size - 0.5 + 1e-3).any():
        low, high = (_numbers(np.round(bound, 2)) for bound in (indices.min(axis=0), indices.max(axis=0)))
        raise Rejected("GEOMETRY", f"the ROI reaches outside the image: voxels {low} to {high} of {_numbers(size)}")


def _any_box(mask: NDArray[np.bool_]) -> Box:
    """The box of a mask on a new grid. Raises Rejected(MASK_EMPTY)."""
    if not mask.any():
        raise Rejected("MASK_EMPTY", "no voxel of the ROI is left on the new grid")
    return bounding_box(mask)


def _check_size(mask: NDArray[np.bool_], box: Box, preparation: PyradiomicsPreparation) -> None:
    """Raises Rejected(MASK_TINY)."""
    dimensions = sum(axis.stop - axis.start > 1 for axis in box)
    if dimensions == 0:
        raise Rejected("MASK_TINY", "the mask has one voxel", voxels=1)
    if dimensions < preparation.minimum_dimensions:
        found = f"the mask has {dimensions} of at least {preparation.minimum_dimensions} dimensions"
        raise Rejected("MASK_TINY", found, dimensions=dimensions)
    if preparation.minimum_voxels is not None:
        voxels = int(np.count_nonzero(mask[box]))
        if voxels <= preparation.minimum_voxels:
            raise Rejected(
                "MASK_TINY",
                f"the mask has {counted(voxels, 'voxel')}; it has to have more than {preparation.minimum_voxels}",
                voxels=voxels,
            )


def _cropped(image: Volume, mask: NDArray[np.bool_], box: Box, padding: int) -> tuple[Volume, NDArray[np.bool_]]:
    crop, around = crop_around(image, box, padding)
    return crop, np.ascontiguousarray(mask[around])


def crop_around(image: Volume, box: Box, padding: int) -> tuple[Volume, Box]:
    """The box and `padding` voxels around it, as far as the image goes; and where that is."""
    starts = [max(axis.start - padding, 0) for axis in box]
    z, y, x = (slice(start, axis.stop + padding) for start, axis in zip(starts, box, strict=True))
    shift = np.array(image.direction).reshape(3, 3) @ (np.array(image.spacing_mm) * starts[::-1])
    left, back, low = (float(old + more) for old, more in zip(image.origin_mm, shift, strict=True))
    crop = Volume(
        image.array[z, y, x], image.spacing_mm, (left, back, low), image.direction, image.facts, plane=image.plane
    )
    return crop, (z, y, x)


def _resegmented(
    volume: Volume, mask: NDArray[np.bool_], box: Box, preparation: PyradiomicsPreparation
) -> NDArray[np.bool_]:
    """The voxels of the mask whose intensity lies in the range. Bounds are of the image's type, as in pyradiomics."""
    values: NDArray[Any] = volume.array[box][mask[box]]
    _check_finite(values)
    bounds: list[Any] = sorted(preparation.resegment or ())
    if preparation.resegment_mode == "relative":
        highest = values.max()
        bounds = [highest * bound for bound in bounds]
    elif preparation.resegment_mode == "sigma":
        mean, deviation = values.mean(), values.std()
        bounds = [mean + deviation * bound for bound in bounds]
    inside = values >= bounds[0]
    if len(bounds) == 2:
        inside &= values <= bounds[1]
    voxels = int(np.count_nonzero(inside))
    if voxels <= 1:
        raise Rejected(
            "RESEGMENTED_EMPTY", f"re-segmentation leaves {counted(voxels, 'voxel')} of {len(values)}", voxels=voxels
        )
    kept = np.zeros_like(mask)
    kept[box][mask[box]] = inside
    return kept


def _check_finite(values: NDArray[Any]) -> None:
    if values.dtype.kind == "f" and not np.isfinite(values).all():
        count = int(np.count_nonzero(~np.isfinite(values)))
        are = "is" if count == 1 else "are"
        raise Rejected("NAN_IN_ROI", f"{count} of the ROI's {len(values)} voxels {are} NaN or infinite", voxels=count)
