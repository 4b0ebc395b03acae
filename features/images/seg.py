"""read_seg_mask: one segment of a DICOM SEG as a mask on an image's grid."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset

from features.core.quarantine import Rejected
from features.core.region import Volume
from features.images.dataset import numbers, quiet, read_dataset, text
from features.images.rtstruct import to_index

OFF_GRID = 0.02  # of a voxel
COSINE = 1e-4


def read_seg_mask(path: Path, image: Volume, roi: str, *, frame_of_reference: str = "") -> NDArray[np.bool_]:
    """Mask (z, y, x) of the one segment whose stripped label matches `roi` (regular expression, whole label, any case).

    BINARY and LABELMAP. Each frame is placed by its position in space, never by its index; slices without a frame
    are empty. `frame_of_reference` is the image's UID, "" if unknown.

    Raises Rejected: ROI_MISSING, ROI_AMBIGUOUS, SEG_FRACTIONAL, FRAME_OF_REFERENCE, GEOMETRY (frames lie more than 0.02
    voxels beside the image's grid), MASK_EMPTY, DICOM_DECODE, UNREADABLE, DICOM_TRUNC.
    """
    dataset = read_dataset(path)
    with quiet():
        kind = text(dataset, "SegmentationType")
        if kind == "FRACTIONAL":
            raise Rejected("SEG_FRACTIONAL")
        number = _segment_number(dataset, roi)
        frame = text(dataset, "FrameOfReferenceUID")
        if frame and frame_of_reference and frame != frame_of_reference:
            raise Rejected("FRAME_OF_REFERENCE")
        frames = list(dataset.get("PerFrameFunctionalGroupsSequence") or [])
        if not frames or "PixelData" not in dataset:
            raise Rejected("DICOM_TRUNC", "a segmentation has no frames")
        pixels = _pixels(dataset, len(frames))
        shared = (dataset.get("SharedFunctionalGroupsSequence") or [Dataset()])[0]
        mask = np.zeros(image.array.shape, dtype=np.bool_)
        for groups, plane in zip(frames, pixels, strict=True):
            if kind == "LABELMAP":
                inside = plane == number
            elif _number(groups, shared) == number:
                inside = plane != 0
            else:
                continue
            if inside.any():
                mask[_slice_index(groups, shared, image, plane.shape)] |= inside
    if not mask.any():
        raise Rejected("MASK_EMPTY")
    return mask


def segment_labels(dataset: Dataset) -> dict[int, str]:
    """Segment number → stripped label."""
    items = dataset.get("SegmentSequence") or []
    return {int(item.SegmentNumber): text(item, "SegmentLabel") for item in items if "SegmentNumber" in item}


def _segment_number(dataset: Dataset, roi: str) -> int:
    pattern = re.compile(roi, re.IGNORECASE)
    labels = segment_labels(dataset)
    found = [number for number, label in labels.items() if pattern.fullmatch(label)]
    if not found:
        raise Rejected("ROI_MISSING", rois=len(labels))
    if len(found) > 1:
        raise Rejected("ROI_AMBIGUOUS", matching=len(found))
    return found[0]


def _pixels(dataset: Dataset, frames: int) -> NDArray[np.generic]:
    try:
        pixels = np.asarray(dataset.pixel_array)
        return pixels.reshape(frames, int(dataset.Rows), int(dataset.Columns))
    except MemoryError:
        raise
    except Exception as error:  # decoders raise whatever their libraries raise
        raise Rejected("DICOM_DECODE") from error


def _group(groups: Dataset, shared: Dataset, keyword: str) -> Dataset:
    """The one item of a functional group: the frame's own, else the shared one, else empty."""
    for place in (groups, shared):
        if place.get(keyword):
            item: Dataset = place[keyword].value[0]
            return item
    return Dataset()


def _number(groups: Dataset, shared: Dataset) -> int | None:
    found = numbers(_group(groups, shared, "SegmentIdentificationSequence"), "ReferencedSegmentNumber", 1)
    return int(found[0]) if found else None


def _slice_index(groups: Dataset, shared: Dataset, image: Volume, shape: tuple[int, ...]) -> int:
    """Which image slice a frame lies on."""
    depth, height, width = image.array.shape
    position = numbers(_group(groups, shared, "PlanePositionSequence"), "ImagePositionPatient", 3)
    orientation = numbers(_group(groups, shared, "PlaneOrientationSequence"), "ImageOrientationPatient", 6)
    spacing = numbers(_group(groups, shared, "PixelMeasuresSequence"), "PixelSpacing", 2)
    if position is None or orientation is None or spacing is None:
        raise Rejected("GEOMETRY", "a frame of the segmentation has no position, orientation or spacing")
    axes = np.array(image.direction).reshape(3, 3)[:, :2].T.reshape(-1)
    index = to_index(np.array([position]), image)[0]
    k = round(float(index[2]))
    if (
        tuple(shape) != (height, width)
        or not np.allclose(orientation, axes, rtol=0, atol=COSINE)
        or not np.allclose(spacing, [image.spacing_mm[1], image.spacing_mm[0]], rtol=0, atol=1e-4)
        or np.abs(index - [0, 0, k]).max() > OFF_GRID
        or not 0 <= k < depth
    ):
        raise Rejected("GEOMETRY")
    return k
