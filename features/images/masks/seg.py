"""read_seg_mask: a segment of a DICOM SEG as a mask on an image's grid."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset
from pydicom.pixels import iter_pixels

from features.core.case import ReadRule
from features.core.quarantine import Rejected, Warned
from features.core.region import Volume
from features.images.dicom.dataset import numbers, quiet, read_dataset, text
from features.images.dicom.spacing import OFF_GRID, OFF_GRID_MM, fit_steps
from features.images.masks.grid import FAR_MM, moved, to_index
from features.images.masks.rtstruct import STRICT, several_told

OFF_PIXEL = 0.02  # of a voxel, in the plane; along the normal as far as the slices of an image may lie
COSINE = 1e-4
MOST_VOXELS = 2**31


class Frame(NamedTuple):
    """A frame that may hold voxels of wanted segments: its number from 0, and its slice; None if it lies on another grid."""

    number: int
    segments: tuple[int, ...]
    slice: int | None


class Part(NamedTuple):
    """A segment in a frame: the frame's slice, the segment, its voxels (rows, columns), and how many are below a threshold."""

    slice: int | None
    segment: int
    inside: NDArray[np.bool_]
    below: int


def read_seg_mask(
    file: Path | Dataset, image: Volume, roi: str, *, rule: ReadRule = STRICT, frame_of_reference: str = ""
) -> tuple[NDArray[np.bool_], tuple[Warned, ...]]:
    """Mask (z, y, x) of the segment whose stripped label matches `roi` (regular expression, whole label, any case), and
    warnings.

    BINARY, LABELMAP, and FRACTIONAL: a voxel is in where its share is at least `rule.threshold`, less half a step of what is
    stored (SEG_FRACTIONAL tells so).
    Only frames of the wanted segments are decoded, each for itself, so that overlapping segments stay apart. A frame is
    placed by its position in space, never by its index; slices without a frame are empty. If the file refers to several
    series, frames that lie on another grid are those of the others (SEG_OTHER_SERIES); else frames on another grid are
    refused, unless `rule.mask_grid` is nearest (MASK_REGRIDDED) and the frames of reference agree. `rule.several`: what is
    done where several segments match (ROI_SEVERAL). `frame_of_reference` is the image's UID, "" if unknown. `file`: its path,
    or its data set, so that several segments need not read it again.

    Raises Rejected: ROI_MISSING, ROI_AMBIGUOUS, FRAME_OF_REFERENCE, GEOMETRY (frames lie more than 0.02 voxels, along the
    normal more than 0.01 mm beyond that, beside the image's grid), MASK_EMPTY (also all below the threshold),
    DICOM_DECODE, UNREADABLE, DICOM_TRUNC.
    """
    dataset = file if isinstance(file, Dataset) else read_dataset(file)
    try:
        with quiet():
            kind = _kind(dataset)
            wanted = _matching(dataset, roi, rule)
            frame = text(dataset, "FrameOfReferenceUID")
            if frame and frame_of_reference and frame != frame_of_reference:
                raise Rejected("FRAME_OF_REFERENCE")
            several = len(dataset.get("ReferencedSeriesSequence") or []) > 1
            frames = list(_frames(dataset, kind, wanted, image))
            grid = image
            if rule.mask_grid == "nearest" and not several and any(one.slice is None for one in frames):
                if not frame or frame != frame_of_reference:
                    raise Rejected("FRAME_OF_REFERENCE", "without a frame of reference a mask cannot change its grid")
                grid = _own_grid(dataset, frames)
                frames = list(_frames(dataset, kind, wanted, grid))
            highest = numbers(dataset, "MaximumFractionalValue", 1)
            fractional = text(dataset, "SegmentationFractionalType")
    except (Rejected, MemoryError):
        raise
    except Exception as error:  # a damaged sequence can raise anything
        raise Rejected("DICOM_TRUNC") from error
    if kind == "FRACTIONAL" and (highest is None or highest[0] <= 0):
        raise Rejected("DICOM_TRUNC", "a fractional segmentation does not say which value is the whole")
    least = _least(rule.threshold, highest[0]) if kind == "FRACTIONAL" and highest else None
    taken = wanted
    if len(wanted) > 1 and rule.several == "largest":
        sizes = Counter(dict.fromkeys(wanted, 0))
        for part in _parts(dataset, frames, kind, least):
            sizes[part.segment] += int(np.count_nonzero(part.inside)) if part.slice is not None else 0
        taken = [number for number, _ in sizes.most_common(1)]
    mask = np.zeros(grid.array.shape, dtype=np.bool_)
    elsewhere = below = 0
    for part in _parts(dataset, frames, kind, least):
        if part.segment not in taken:
            continue
        below += part.below
        if part.slice is not None:
            mask[part.slice] |= part.inside
        elsewhere += part.slice is None and bool(part.inside.any())
    if elsewhere and not (several and mask.any()):
        raise Rejected("GEOMETRY", "frames of the segmentation do not lie on the image's grid", frames=elsewhere)
    if not mask.any():
        raise Rejected("MASK_EMPTY")
    warnings = several_told(len(wanted), rule)
    if kind == "FRACTIONAL":
        facts: dict[str, float | int | str] = {"threshold": rule.threshold, "voxels_below": below}
        if fractional in ("PROBABILITY", "OCCUPANCY"):
            facts["type"] = fractional
        warnings += (Warned("SEG_FRACTIONAL", "", facts),)
    if elsewhere:
        warnings += (Warned("SEG_OTHER_SERIES", "", {"frames": elsewhere}),)
    if grid is not image:
        mask, warned = moved(mask, grid, image)
        warnings += (warned,)
    return mask, warnings


def segment_labels(dataset: Dataset) -> dict[int, str]:
    """Segment number → stripped label."""
    items = dataset.get("SegmentSequence") or []
    return {int(item.SegmentNumber): text(item, "SegmentLabel") for item in items if "SegmentNumber" in item}


def _least(threshold: float, highest: float) -> float:
    """The stored value from which on a share counts: 0.75 is stored as 191 of 255, which is less. A share of 0 never does."""
    return max(threshold * highest - 0.5 - 1e-6, 0.5)


def _kind(dataset: Dataset) -> str:
    kind = text(dataset, "SegmentationType")
    if kind not in ("BINARY", "FRACTIONAL", "LABELMAP"):
        raise Rejected("DICOM_TRUNC", "a segmentation does not say of which type it is")
    return kind


def algorithm_types(dataset: Dataset, roi: str, rule: ReadRule) -> set[str]:
    """What a file says of how the segments of a ROI were made: MANUAL, SEMIAUTOMATIC, AUTOMATIC. Raises as `read_seg_mask`."""
    wanted = set(_matching(dataset, roi, rule))
    items = [one for one in dataset.get("SegmentSequence") or [] if one.get("SegmentNumber") in wanted]
    return {text(one, "SegmentAlgorithmType") for one in items} - {""}


def _matching(dataset: Dataset, roi: str, rule: ReadRule) -> list[int]:
    """Numbers of the segments whose label matches."""
    pattern = re.compile(roi, re.IGNORECASE)
    labels = segment_labels(dataset)
    found = sorted(number for number, label in labels.items() if pattern.fullmatch(label))
    if not found:
        raise Rejected("ROI_MISSING", rois=len(labels))
    if len(found) > 1 and rule.several == "reject":
        raise Rejected("ROI_AMBIGUOUS", matching=len(found))
    return found


def _frames(dataset: Dataset, kind: str, wanted: Sequence[int], image: Volume) -> Iterator[Frame]:
    """The frames that may hold voxels of wanted segments, in the order of the file."""
    frames = dataset.get("PerFrameFunctionalGroupsSequence") or []
    claimed = numbers(dataset, "NumberOfFrames", 1)
    if not frames or "PixelData" not in dataset or claimed != (float(len(frames)),):
        raise Rejected("DICOM_TRUNC", "a segmentation has no frames, or not as many as it says")
    _, height, width = image.array.shape
    fits = numbers(dataset, "Rows", 1) == (float(height),) and numbers(dataset, "Columns", 1) == (float(width),)
    shared = (dataset.get("SharedFunctionalGroupsSequence") or [Dataset()])[0]
    for n, groups in enumerate(frames):
        segment = numbers(_group(groups, shared, "SegmentIdentificationSequence"), "ReferencedSegmentNumber", 1)
        own = () if segment is None or segment[0] not in wanted else (int(segment[0]),)
        segments = tuple(wanted) if kind == "LABELMAP" else own
        if segments:
            yield Frame(n, segments, _slice_index(_place(groups, shared), image) if fits else None)


def _parts(dataset: Dataset, frames: Sequence[Frame], kind: str, least: float | None) -> Iterator[Part]:
    """The wanted segments of each frame; `least`: the stored value from which on a voxel is in, None for 1 bit."""
    for frame, plane in zip(frames, _planes(dataset, frames), strict=True):
        for number in frame.segments:
            if least is not None:
                inside = np.asarray(plane.astype(np.float64) >= least)
                yield Part(frame.slice, number, inside, int(np.count_nonzero(plane)) - int(np.count_nonzero(inside)))
            else:
                yield Part(frame.slice, number, np.asarray(plane == number if kind == "LABELMAP" else plane != 0), 0)


def _planes(dataset: Dataset, frames: Sequence[Frame]) -> Iterator[NDArray[np.generic]]:
    """The stored values (rows, columns) of each frame."""
    wanted = [one.number for one in frames]
    packed = numbers(dataset, "BitsAllocated", 1) == (1.0,)
    try:
        with quiet():
            if packed and not dataset.file_meta.TransferSyntaxUID.is_encapsulated:
                yield from _bits(dataset.PixelData, wanted, int(dataset.Rows), int(dataset.Columns))
            elif wanted:
                yield from iter_pixels(dataset, indices=wanted, raw=True)
    except MemoryError:
        raise
    except Exception as error:  # decoders raise whatever their libraries raise
        raise Rejected("DICOM_DECODE") from error


def _bits(packed: bytes, wanted: Sequence[int], rows: int, columns: int) -> Iterator[NDArray[np.generic]]:
    """Frames of single bits, which need not begin with a byte (pydicom cannot read such frames one by one)."""
    size = rows * columns
    stored = np.frombuffer(packed, np.uint8)
    for n in wanted:
        first, last = n * size // 8, -(-(n + 1) * size // 8)
        bits = np.unpackbits(stored[first:last], bitorder="little")
        yield bits[n * size - 8 * first :][:size].reshape(rows, columns)


def _group(groups: Dataset, shared: Dataset, keyword: str) -> Dataset:
    """The one item of a functional group: the frame's own, else the shared one, else empty."""
    for place in (groups, shared):
        if place.get(keyword):
            item: Dataset = place[keyword].value[0]
            return item
    return Dataset()


class Place(NamedTuple):
    """Where a frame lies: position (3,) mm of its first voxel, orientation (6,), spacing of rows and of columns in mm."""

    position: tuple[float, ...]
    orientation: tuple[float, ...]
    spacing: tuple[float, ...]


def _place(groups: Dataset, shared: Dataset) -> Place:
    position = numbers(_group(groups, shared, "PlanePositionSequence"), "ImagePositionPatient", 3)
    orientation = numbers(_group(groups, shared, "PlaneOrientationSequence"), "ImageOrientationPatient", 6)
    spacing = numbers(_group(groups, shared, "PixelMeasuresSequence"), "PixelSpacing", 2)
    if position is None or orientation is None or spacing is None or min(spacing) <= 0:
        raise Rejected("GEOMETRY", "a frame of the segmentation has no position, orientation or spacing")
    if np.abs(position).max() > FAR_MM:
        raise Rejected("GEOMETRY", "a frame of the segmentation lies over a kilometre away")
    return Place(position, orientation, spacing)


def _slice_index(place: Place, image: Volume) -> int | None:
    """Which image slice a frame lies on; None if it lies on another grid."""
    axes = np.array(image.direction).reshape(3, 3)[:, :2].T.reshape(-1)
    index = to_index(np.array([place.position]), image)[0]
    k = round(float(index[2]))
    on_grid = (
        np.allclose(place.orientation, axes, rtol=0, atol=COSINE)
        and np.allclose(place.spacing, [image.spacing_mm[1], image.spacing_mm[0]], rtol=0, atol=1e-4)
        and np.abs(index[:2]).max() <= OFF_PIXEL
        and abs(index[2] - k) <= OFF_GRID + OFF_GRID_MM / image.spacing_mm[2]
        and 0 <= k < image.array.shape[0]
    )
    return k if on_grid else None


def _own_grid(dataset: Dataset, frames: Sequence[Frame]) -> Volume:
    """The grid on which the frames of one segmentation lie, from the first to the last of them; its array is empty.

    Raises Rejected(GEOMETRY) if they lie on none: frames are then off it, which `read_seg_mask` sees, or it has no slices.
    """
    shared = (dataset.get("SharedFunctionalGroupsSequence") or [Dataset()])[0]
    groups = [dataset.PerFrameFunctionalGroupsSequence[one.number] for one in frames]
    places = [_place(one, shared) for one in groups]
    row, column = np.array(places[0].orientation).reshape(2, 3)
    normal = np.cross(row, column)
    if not np.allclose([row @ row, column @ column, row @ column], [1, 1, 0], rtol=0, atol=1e-3):
        raise Rejected("GEOMETRY", "the orientation of a frame is none")
    along = np.unique(np.round([np.array(one.position) @ normal for one in places], 3))
    measures = _group(groups[0], shared, "PixelMeasuresSequence")
    told = numbers(measures, "SpacingBetweenSlices", 1) or numbers(measures, "SliceThickness", 1) or (0.0,)
    steps = fit_steps(along) if len(along) > 1 else None
    step = 0.0 if steps is None else steps.step_mm if steps.is_regular else float(np.diff(along).min())
    step = abs(told[0]) if abs(told[0]) > 0 and (step == 0 or step >= abs(told[0]) * (1 - OFF_PIXEL)) else step
    count = round(float(along[-1] - along[0]) / step) + 1 if step > 0 else 0
    if not 0 < count * int(dataset.Rows) * int(dataset.Columns) <= MOST_VOXELS:
        raise Rejected("GEOMETRY", "the frames of the segmentation have no common slice spacing")
    first = min(places, key=lambda one: float(np.array(one.position) @ normal))
    x, y, z = first.position
    direction = tuple(float(value) for value in np.column_stack([row, column, normal]).reshape(-1))
    array = np.broadcast_to(np.uint8(0), (count, int(dataset.Rows), int(dataset.Columns)))
    return Volume(array, (first.spacing[1], first.spacing[0], step), (x, y, z), direction)
