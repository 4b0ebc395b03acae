"""read_rtstruct_mask: the contours of an ROI as a mask on an image's grid."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from pydicom.dataelem import RawDataElement
from pydicom.dataset import Dataset

from features.core.case import ReadRule
from features.core.quarantine import Rejected, Warned
from features.core.region import Volume
from features.images.dicom.dataset import numbers, quiet, read_dataset, text
from features.images.masks.grid import FAR_MM, to_index
from features.images.masks.polygons import Polygon, area, fill_contours, fill_slices, share_outside

OFF_SLICE = 0.1  # of the slice spacing: contours as near as that are put on the slice
SNAPPED = 0.01  # of the slice spacing: what is more than rounding is told
OUTSIDE = 0.01  # of a contour's area
LINE = 1e-6  # of a pixel's area: no more than rounding
MOST_ROIS, MOST_POINTS, MOST_BYTES = 500, 1_000_000, 2**29  # of a structure set; of an ROI; of a file
_XOR = "CLOSEDPLANAR_XOR"
_CONTOUR_DATA = 0x30060050
STRICT = ReadRule()


class Contour(NamedTuple):
    """Points (n, 3) in mm, and the ContourGeometricType."""

    points: NDArray[np.float64]
    kind: str


def read_rtstruct_mask(
    file: Path | Dataset, image: Volume, roi: str, *, rule: ReadRule = STRICT, frame_of_reference: str = ""
) -> tuple[NDArray[np.bool_], tuple[Warned, ...]]:
    """Mask (z, y, x) of the ROI whose stripped name matches `roi` (regular expression, whole name, any case), and warnings.

    A voxel belongs to the ROI if its centre does: `fill_contours` tells the rule. Contours inside each other are holes and
    islands, keyholes come out right, contours that partly cover each other are united (RT_OVERLAP_ISLANDS) unless the file
    calls them CLOSEDPLANAR_XOR. A contour is placed on its own slice, or on one within 0.1 slice spacings (RT_SNAPPED);
    slices without a contour stay empty (RT_SKIPPED tells of those between others). Points and lines beside a closed
    contour of their slice are left out (RT_STRAY). Of several matching ROIs those count that have contours; `rule.several`
    says what is done if they are several (ROI_SEVERAL; of equally large ones the first number). The mask may be empty if
    contours are smaller than a voxel. `frame_of_reference` is the image's UID, "" if unknown. `file`: its path, or its
    data set, so that several ROIs need not read it again.

    Raises Rejected: ROI_MISSING, ROI_AMBIGUOUS, ROI_EMPTY, RT_POINT (a slice of the ROI has points or lines alone),
    RT_OBLIQUE (a contour runs across slices), RT_OFF_SLICE, RT_OUTSIDE (beyond the first or last slice, or more than 1 %
    of a contour's area outside the image), RT_HUGE, FRAME_OF_REFERENCE, UNREADABLE, DICOM_TRUNC.
    """
    if isinstance(file, Path):
        check_size(file)
    drawn = _drawn(read_dataset(file) if isinstance(file, Path) else file, roi, frame_of_reference)
    if len(drawn) > 1 and rule.several == "reject":
        raise Rejected("ROI_AMBIGUOUS", matching=len(drawn))
    mask, warnings = _mask(drawn[0], image)
    for contours in drawn[1:]:
        other, more = _mask(contours, image)
        if rule.several == "union":
            mask, warnings = mask | other, warnings + more
        elif np.count_nonzero(other) > np.count_nonzero(mask):
            mask, warnings = other, more
    return mask, (*several_told(len(drawn), rule), *warnings)


def several_told(matching: int, rule: ReadRule) -> tuple[Warned, ...]:
    """The warning that a mask was made of several ROIs, or chosen among them."""
    return (Warned("ROI_SEVERAL", "", {"matching": matching, "rule": rule.several}),) if matching > 1 else ()


def roi_names(dataset: Dataset) -> dict[int, str]:
    """ROI number → stripped ROI name."""
    items = dataset.get("StructureSetROISequence") or []
    return {int(item.ROINumber): text(item, "ROIName") for item in items if item.get("ROINumber") is not None}


def _drawn(dataset: Dataset, roi: str, frame_of_reference: str) -> list[list[Contour]]:
    """The contours of each matching ROI that has any, by the numbers of the ROIs."""
    try:
        with quiet():
            items = _matching(dataset, roi, frame_of_reference)
            drawn = {number: found for number, found in _contours(dataset, items) if found}
    except (Rejected, MemoryError):
        raise
    except Exception as error:  # a damaged sequence can raise anything
        raise Rejected("DICOM_TRUNC") from error
    if not drawn:
        raise Rejected("ROI_EMPTY", rois=len(items))
    return [contours for _, contours in sorted(drawn.items())]


def check_size(path: Path) -> None:
    """Raises Rejected: RT_HUGE, if a structure set is larger than 512 MiB; UNREADABLE."""
    try:
        size = path.stat().st_size
    except OSError as error:
        raise Rejected("UNREADABLE", "a file cannot be opened") from error
    if size > MOST_BYTES:
        raise Rejected("RT_HUGE", "a structure set has more than 512 MiB", bytes=size)


def _matching(dataset: Dataset, roi: str, frame_of_reference: str) -> list[int]:
    """Numbers of the ROIs whose name matches."""
    pattern = re.compile(roi, re.IGNORECASE)
    names = roi_names(dataset)
    if len(names) >= MOST_ROIS:
        raise Rejected("RT_HUGE", "a structure set has 500 ROIs or more", rois=len(names))
    found = [number for number, name in names.items() if pattern.fullmatch(name)]
    if not found:
        raise Rejected("ROI_MISSING", rois=len(names))
    frames = [text(item, "FrameOfReferenceUID") for item in dataset.get("ReferencedFrameOfReferenceSequence") or []]
    for item in dataset.StructureSetROISequence:
        if item.get("ROINumber") in found:
            own = [text(item, "ReferencedFrameOfReferenceUID")]
            known = {frame for frame in (own if own[0] else frames) if frame}
            if known and frame_of_reference and frame_of_reference not in known:
                raise Rejected("FRAME_OF_REFERENCE")
    return found


def _contours(dataset: Dataset, wanted: Sequence[int]) -> Iterator[tuple[int, list[Contour]]]:
    """The contours of each ROI that has any."""
    points = 0
    for item in dataset.get("ROIContourSequence") or []:
        number = numbers(item, "ReferencedROINumber", 1)
        if number is None or number[0] not in wanted:
            continue
        found = []
        for contour in item.get("ContourSequence") or []:
            found.append(Contour(_points(contour), text(contour, "ContourGeometricType")))
            points += len(found[-1].points)
            if points >= MOST_POINTS:
                raise Rejected("RT_HUGE", "the ROI has a million points or more")
        yield int(number[0]), found


def _points(contour: Dataset) -> NDArray[np.float64]:
    """ContourData (n, 3); parsed from the raw bytes, as pydicom makes a slow object of every number."""
    element: object = contour.get_item(_CONTOUR_DATA)
    value = getattr(element, "value", None)
    try:
        if isinstance(element, RawDataElement) and isinstance(value, bytes):
            stripped = value.rstrip(b" \0")
            flat = np.array(stripped.split(b"\\") if stripped else [], dtype=np.float64)
        else:
            flat = np.array([] if value is None else value, dtype=np.float64).reshape(-1)
    except (ValueError, TypeError) as error:
        raise Rejected("RT_POINT", "a contour holds something else than numbers") from error
    if len(flat) % 3 or not np.isfinite(flat).all():
        raise Rejected("RT_POINT", "a contour's points are not complete triples of numbers")
    if np.abs(flat).max(initial=0) > FAR_MM:
        raise Rejected("RT_OUTSIDE", "a contour lies over a kilometre away")
    return flat.reshape(-1, 3)


def _mask(contours: Sequence[Contour], image: Volume) -> tuple[NDArray[np.bool_], tuple[Warned, ...]]:
    """The mask of one ROI."""
    depth, height, width = image.array.shape
    closed: dict[int, list[Polygon]] = defaultdict(list)
    toggled, stray = set[int](), list[int]()
    off, snapped = 0.0, 0
    for points, kind in contours:
        index = to_index(points, image)
        usable = len(index) >= 3 and kind in ("CLOSED_PLANAR", _XOR)
        if usable:
            heights = index[:, 2]
            if np.ptp(heights) > 2 * OFF_SLICE:
                raise Rejected("RT_OBLIQUE", spread_mm=round(float(np.ptp(heights)) * image.spacing_mm[2], 4))
        k = round(float(index[:, 2].mean())) if len(index) else -1
        if not (usable and area(index[:, :2]) > LINE):
            stray.append(k)
            continue
        if k < 0 or k >= depth:
            raise Rejected("RT_OUTSIDE", "a contour lies beyond the first or last slice")
        here = float(np.abs(heights - k).max())
        if here > OFF_SLICE:
            raise Rejected("RT_OFF_SLICE", off_slice_mm=round(here * image.spacing_mm[2], 4))
        lost = share_outside(index[:, :2], width, height)
        if lost > OUTSIDE:
            raise Rejected("RT_OUTSIDE", area_lost=round(lost, 4))
        off, snapped = max(off, here), snapped + (here > SNAPPED)
        closed[k].append(index[:, :2])
        if kind == _XOR:
            toggled.add(k)
    lonely = sum(k not in closed for k in stray)
    if lonely or not closed:
        raise Rejected("RT_POINT", contours=len(contours), points_and_lines=lonely)
    mask, overlapping = fill_contours({k: found for k, found in closed.items() if k not in toggled}, image.array.shape)
    if toggled:
        mask |= fill_slices({k: closed[k] for k in toggled}, image.array.shape)
    skipped = max(closed) - min(closed) + 1 - len(closed)
    told = (
        (snapped, Warned("RT_SNAPPED", "", {"contours": snapped, "off_slice_mm": round(off * image.spacing_mm[2], 4)})),
        (skipped, Warned("RT_SKIPPED", "", {"slices": len(closed), "slices_skipped": skipped})),
        (overlapping, Warned("RT_OVERLAP_ISLANDS", "", {"slices": overlapping})),
        (len(stray), Warned("RT_STRAY", "", {"contours": len(stray)})),
    )
    return mask, tuple(warned for count, warned in told if count)
