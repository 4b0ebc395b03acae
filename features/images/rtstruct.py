"""read_rtstruct_mask: the contours of one ROI as a mask on an image's grid."""

from __future__ import annotations

import re
from collections import defaultdict
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from pydicom.dataelem import RawDataElement
from pydicom.dataset import Dataset

from features.core.quarantine import Rejected
from features.core.region import Volume
from features.images.dataset import numbers, quiet, read_dataset, text

CLOSED = ("CLOSED_PLANAR", "CLOSEDPLANAR_XOR")
OFF_SLICE = 0.1  # of the slice spacing
OUTSIDE = 0.01  # of a contour's area
_CONTOUR_DATA = 0x30060050


def read_rtstruct_mask(path: Path, image: Volume, roi: str, *, frame_of_reference: str = "") -> NDArray[np.bool_]:
    """Mask (z, y, x) of the one ROI whose stripped name matches `roi` (regular expression, whole name, any case).

    A voxel belongs to the ROI when its centre is inside an odd number of the slice's closed contours: holes, islands
    and keyholes come out right, and a centre that lies exactly on an edge belongs to the polygon on its right
    (towards +x) or, on a horizontal edge, below (towards +y), so that polygons that share an edge share no voxel.
    Contours are placed on their own slice, never interpolated. Other geometric types than closed planar are skipped.
    The mask may be empty if the contours are smaller than a voxel. `frame_of_reference` is the image's UID, "" if unknown.

    Raises Rejected: ROI_MISSING, ROI_AMBIGUOUS, ROI_EMPTY, RT_OFF_SLICE (more than 0.1 slice spacings from a slice),
    RT_OUTSIDE (more than 1 % of a contour's area outside the image), FRAME_OF_REFERENCE, UNREADABLE, DICOM_TRUNC.
    """
    dataset = read_dataset(path)
    with quiet():
        number = _roi_number(dataset, roi, frame_of_reference)
        contours = _contours(dataset, number)
    if not contours:
        raise Rejected("ROI_EMPTY")
    depth, height, width = image.array.shape
    by_slice: dict[int, list[NDArray[np.float64]]] = defaultdict(list)
    for points in contours:
        index = to_index(points, image)
        k = round(float(index[:, 2].mean()))
        if k < 0 or k >= depth:
            raise Rejected("RT_OUTSIDE", "a contour lies beyond the first or last slice")
        off = float(np.abs(index[:, 2] - k).max())
        if off > OFF_SLICE:
            raise Rejected("RT_OFF_SLICE", off_slice_mm=round(off * image.spacing_mm[2], 4))
        polygon = index[:, :2]
        lost = _area_outside(polygon, width, height)
        if lost > OUTSIDE:
            raise Rejected("RT_OUTSIDE", area_lost=round(lost, 4))
        by_slice[k].append(polygon)
    mask = np.zeros(image.array.shape, dtype=np.bool_)
    for k, polygons in by_slice.items():
        mask[k] = fill_polygons(polygons, height, width)
    return mask


def roi_names(dataset: Dataset) -> dict[int, str]:
    """ROI number → stripped ROI name."""
    items = dataset.get("StructureSetROISequence") or []
    return {int(item.ROINumber): text(item, "ROIName") for item in items if item.get("ROINumber") is not None}


def to_index(points: NDArray[np.float64], image: Volume) -> NDArray[np.float64]:
    """Patient coordinates in mm (n, 3) as continuous voxel indices (n, 3) in the order x, y, z; centres are whole."""
    direction = np.array(image.direction, dtype=np.float64).reshape(3, 3)
    inverse = np.linalg.inv(direction * np.array(image.spacing_mm))
    index: NDArray[np.float64] = (points - np.array(image.origin_mm)) @ inverse.T
    return index


def fill_polygons(polygons: list[NDArray[np.float64]], height: int, width: int) -> NDArray[np.bool_]:
    """Even-odd fill (height, width) of closed polygons, each (n, 2) in continuous indices x, y.

    An edge from y0 to y1 crosses the rows with min <= row < max; a crossing at x toggles the voxels with index >= x.
    """
    start = np.concatenate(polygons)
    end = np.concatenate([np.roll(polygon, -1, axis=0) for polygon in polygons])
    upper = np.where((start[:, 1] <= end[:, 1])[:, None], start, end)  # so that a shared edge gives one crossing
    lower = np.where((start[:, 1] <= end[:, 1])[:, None], end, start)
    first = np.clip(np.ceil(upper[:, 1]), 0, height).astype(np.int64)
    last = np.clip(np.ceil(lower[:, 1]), 0, height).astype(np.int64)
    count = last - first
    edge = np.repeat(np.arange(len(start)), count)
    row = np.arange(len(edge)) - np.repeat(np.cumsum(count) - count, count) + first[edge]
    rise = lower[edge, 1] - upper[edge, 1]
    x = upper[edge, 0] + (row - upper[edge, 1]) * (lower[edge, 0] - upper[edge, 0]) / rise
    column = np.clip(np.ceil(x), 0, width).astype(np.int64)
    toggles = np.bincount(row * (width + 1) + column, minlength=height * (width + 1)).reshape(height, width + 1)
    inside: NDArray[np.bool_] = (np.cumsum(toggles, axis=1)[:, :width] & 1).astype(np.bool_)
    return inside


def _roi_number(dataset: Dataset, roi: str, frame_of_reference: str) -> int:
    pattern = re.compile(roi, re.IGNORECASE)
    names = roi_names(dataset)
    found = [number for number, name in names.items() if pattern.fullmatch(name)]
    if not found:
        raise Rejected("ROI_MISSING", rois=len(names))
    if len(found) > 1:
        raise Rejected("ROI_AMBIGUOUS", matching=len(found))
    item = next(item for item in dataset.StructureSetROISequence if item.ROINumber == found[0])
    frames = dataset.get("ReferencedFrameOfReferenceSequence") or []
    frame = text(item, "ReferencedFrameOfReferenceUID") or (text(frames[0], "FrameOfReferenceUID") if frames else "")
    if frame and frame_of_reference and frame != frame_of_reference:
        raise Rejected("FRAME_OF_REFERENCE")
    return found[0]


def _contours(dataset: Dataset, number: int) -> list[NDArray[np.float64]]:
    """Points (n, 3) in mm of the closed contours with an area."""
    found: list[NDArray[np.float64]] = []
    for item in dataset.get("ROIContourSequence") or []:
        if numbers(item, "ReferencedROINumber", 1) != (float(number),):
            continue
        for contour in item.get("ContourSequence") or []:
            points = _points(contour)
            if text(contour, "ContourGeometricType") in CLOSED and len(points) >= 3:
                found.append(points)
    return found


def _points(contour: Dataset) -> NDArray[np.float64]:
    """ContourData (n, 3); parsed from the raw bytes, as pydicom makes a slow object of every number."""
    element: object = contour.get_item(_CONTOUR_DATA)
    value = getattr(element, "value", None)
    try:
        if isinstance(element, RawDataElement) and isinstance(value, bytes):
            flat = np.array(value.rstrip(b" \0").split(b"\\"), dtype=np.float64)
        else:
            flat = np.array([] if value is None else value, dtype=np.float64).reshape(-1)
    except (ValueError, TypeError) as error:
        raise Rejected("ROI_EMPTY", "a contour holds something else than numbers") from error
    if len(flat) % 3 or not np.isfinite(flat).all():
        raise Rejected("ROI_EMPTY", "a contour's points are not complete triples of numbers")
    return flat.reshape(-1, 3)


def _area_outside(polygon: NDArray[np.float64], width: int, height: int) -> float:
    """Share of a polygon's area outside the image, whose voxels reach half an index beyond their centres."""
    bounds = ((0, -0.5, 1), (0, width - 0.5, -1), (1, -0.5, 1), (1, height - 0.5, -1))
    if all((sign * (polygon[:, axis] - bound) >= 0).all() for axis, bound, sign in bounds):
        return 0.0
    whole = _area(polygon)
    if whole == 0:
        return 1.0
    kept = polygon
    for axis, bound, sign in bounds:
        kept = _clip(kept, axis, bound, sign)
    return 1.0 - _area(kept) / whole


def _area(polygon: NDArray[np.float64]) -> float:
    following = np.roll(polygon, -1, axis=0)
    return float(abs(np.sum(polygon[:, 0] * following[:, 1] - following[:, 0] * polygon[:, 1])) / 2)


def _clip(polygon: NDArray[np.float64], axis: int, bound: float, sign: int) -> NDArray[np.float64]:
    """The part of a polygon on one side of a line (Sutherland and Hodgman)."""
    kept: list[NDArray[np.float64]] = []
    for here, there in zip(polygon, np.roll(polygon, -1, axis=0), strict=True):
        inside, next_inside = sign * (here[axis] - bound) >= 0, sign * (there[axis] - bound) >= 0
        if inside:
            kept.append(here)
        if inside != next_inside:
            kept.append(here + (there - here) * (bound - here[axis]) / (there[axis] - here[axis]))
    return np.array(kept, dtype=np.float64).reshape(-1, 2)
