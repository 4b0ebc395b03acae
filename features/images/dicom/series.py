"""read_dicom_series: the files of one DICOM image series as a Volume, every header checked before pixels are used."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset

from features.core.case import ReadRule, Unit
from features.core.memory import claim_memory
from features.core.quarantine import Rejected, Warned
from features.core.region import Volume
from features.images.dicom.again import note_of
from features.images.dicom.burned_in import check_burned_in, warn_of_face
from features.images.dicom.ct_unit import check_ct_unit
from features.images.dicom.dataset import numbers, pixel_data, quiet, read_dataset, text
from features.images.dicom.facts import acquisition_facts
from features.images.dicom.frames import PROJECTIONS, Frame, frame_count, frames_of
from features.images.dicom.intensities import inverted, is_inverse, rescale_of, rescaled
from features.images.dicom.modality_lut import looked_up, modality_luts
from features.images.dicom.padding import padding_of
from features.images.dicom.pixels import lossy_warnings, stored_planes
from features.images.dicom.regrid import regridded
from features.images.dicom.stack import end_warnings, off_grid_warnings, stack_geometry, thickness_warnings
from features.images.dicom.suv import to_unit
from features.images.unit_plausibility import check_unit

_VALUES = ("ModalityLUTSequence", "PixelPaddingValue", "PixelPaddingRangeLimit")  # beside rescale values
_POSITIONS = ("HFP", "HFDR", "HFDL", "FFS", "FFP", "FFDR", "FFDL")  # beside HFS: head first, supine


def read_dicom_series(
    paths: Sequence[Path], *, unit: Unit = "arbitrary", rule: ReadRule | None = None, per_voxel: int = 0
) -> Volume:
    """The volume of a series: classic files of one slice each, or enhanced files of many frames.

    Slices are ordered along their normal and rescaled one by one. Array: int16 for a CT with whole rescale values,
    float32 otherwise. Origin and direction in patient coordinates (LPS, mm), as SimpleITK; an X-ray is one slice at the
    origin. facts: of the first slice, without patient data or UIDs. padding: what the slices mark as such by their stored
    values; its voxels keep their value.

    unit: what the catalog declares; `arbitrary`: as in the files. rule: `regrid` resamples tilted or uneven stacks.
    per_voxel: bytes of memory for each voxel that are claimed before pixels are decoded (`claim_memory`).

    Raises Rejected: UNREADABLE, SEC_BOMB, DICOM_TRUNC, DICOM_RGB, DICOM_NO_IPP, DICOM_BAD_VR, DICOM_MIXED_MATRIX,
    DICOM_MIXED_PHASES, DICOM_DUP_SLICE, DICOM_GANTRY_TILT, DICOM_MISSING_SLICE, DICOM_NONUNIFORM, DICOM_NO_RESCALE,
    DICOM_MIXED_RESCALE, DICOM_LUT, CT_UNIT, DICOM_SHORT_PIXELS, MISSING_DECODER, DICOM_DECODE, HU_RANGE, PHI_BURNED,
    and the codes of `to_unit`.
    Warns: DICOM_NO_PREAMBLE, DICOM_DUP_DROPPED, DICOM_OFF_GRID, DICOM_THICKNESS, DICOM_FEWER_SLICES, DICOM_LATERALITY,
    DICOM_DETECTOR, DICOM_MONOCHROME1, LOSSY, DICOM_REGRID, CT_UNIT_UNTOLD, UNIT_DOUBTFUL, PHI_FACE.
    """
    return volume_of(read_frames(paths, per_voxel=per_voxel), unit=unit, rule=rule)


def read_frames(paths: Sequence[Path], *, per_voxel: int = 0) -> list[Frame]:
    """The slices in the files of an image; pixels are not decoded yet. Each file is opened once.

    per_voxel: as `read_dicom_series`, by what the first file says if it holds one slice, else by each. Raises Rejected as
    `read_dicom_series` about headers, and TooLarge.
    """
    datasets, voxels, is_classic = list[Dataset](), 0, False
    for path in paths:
        datasets.append(read_dataset(path))
        if per_voxel and not is_classic:
            told, count = _voxels(datasets[-1])
            is_classic = count == 1 and not voxels
            voxels += told * (len(paths) if is_classic else 1)
            claim_memory(per_voxel * voxels)
    for dataset in datasets:
        check_burned_in(dataset)
    found = [frame for dataset in datasets for frame in frames_of(dataset)]
    if not found:
        raise Rejected("IMAGE_MISSING", "the series has no files")
    return found


def volume_of(found: Sequence[Frame], *, unit: Unit = "arbitrary", rule: ReadRule | None = None) -> Volume:
    """The volume that slices make up, in any order. Raises and warns as `read_dicom_series`."""
    frames = _without_copies(found)
    grid = stack_geometry(frames, regrid=rule is not None and rule.regrid)
    frames = [frames[i] for i in grid.order]
    modality = text(frames[0].dataset, "Modality")
    warnings = (
        *_header_warnings(frames[0].dataset, [frame.dataset for frame in found]),
        *_count_warning("DICOM_DUP_DROPPED", len(found) - len(frames)),
        *off_grid_warnings(grid),
        *thickness_warnings(frames, grid),
        *end_warnings(frames),
        *lossy_warnings(frames[0].dataset),
        *warn_of_face(frames[0].dataset),
    )
    rescale, luts = rescale_of(frames, modality), modality_luts(frames)
    is_hu = False
    if modality == "CT":
        is_hu, told = check_ct_unit(frames, wanted=unit == "HU")
        warnings += told
    stored = stored_planes(frames)
    padding, planes = padding_of(stored, frames), [plane.values for plane in stored]
    inverse = is_inverse(frames[0])
    turned = inverse and modality not in ("CT", "PT")  # of those, numbers have a meaning whatever they look like
    if inverse:
        warnings += (Warned("DICOM_MONOCHROME1", details={"inverted": int(turned)}),)
    if luts is not None:
        array: NDArray[np.generic] = looked_up(planes, luts, inverse=turned)
    else:
        array = rescaled(inverted(planes, frames) if turned else planes, rescale, modality)
    is_plain = luts is None and not turned and padding is None and len(frames) == len(found) and not grid.faults
    array, uptake, doubts = to_unit(array, [frame.dataset for frame in frames], unit, padding=padding)
    facts, warnings = acquisition_facts(frames[0]) | uptake, warnings + doubts
    if is_hu:
        warnings += check_unit(array, "HU", left_out=padding, whole=True)
    elif unit == "um2/s":
        warnings += check_unit(array, unit, left_out=padding)
    frame = text(frames[0].dataset, "FrameOfReferenceUID")
    place = grid.spacing_mm, grid.origin_mm, grid.direction
    volume = Volume(array, *place, facts, warnings, padding, frame=frame)
    if is_plain and not uptake:
        return replace(volume, note=note_of(volume, frames, rescale, modality))
    return regridded(volume, grid)


def _voxels(dataset: Dataset) -> tuple[int, int]:
    """Voxels and frames of a file."""
    rows, columns = numbers(dataset, "Rows", 1), numbers(dataset, "Columns", 1)
    frames = frame_count(dataset)
    return (int(rows[0] * columns[0]) * frames if rows and columns else 0), frames


def _without_copies(frames: Sequence[Frame]) -> list[Frame]:
    """Frames without those of files of one slice that are at the place of another and hold the same."""
    kept: list[Frame] = []
    known: dict[bytes, list[Frame]] = {}
    for frame in frames:
        twins = known.setdefault(frame.position_mm.tobytes() + frame.orientation.tobytes(), [])
        if not any(_is_copy(frame, twin) for twin in twins):
            twins.append(frame)
            kept.append(frame)
    return kept


def _is_copy(one: Frame, other: Frame) -> bool:
    return (
        not one.groups
        and not other.groups
        and (one.slope, one.intercept) == (other.slope, other.intercept)
        and all(_raw(one.dataset, keyword) == _raw(other.dataset, keyword) for keyword in _VALUES)
        and pixel_data(one.dataset) == pixel_data(other.dataset)
    )


def _raw(dataset: Dataset, keyword: str) -> object:
    """The value of an attribute, as it is in the file if pydicom has not parsed it; None if it is absent or damaged."""
    try:
        with quiet():
            return getattr(dataset.get_item(keyword), "value", None)
    except Exception:  # a damaged sequence can raise anything
        return None


def _header_warnings(first: Dataset, datasets: Sequence[Dataset]) -> tuple[Warned, ...]:
    """What the header of the first slice says, and how many files have no preamble."""
    bare = len({id(dataset) for dataset in datasets if dataset.preamble is None})
    found = list(_count_warning("DICOM_NO_PREAMBLE", bare))
    position = text(first, "PatientPosition")
    if position in _POSITIONS:
        found.append(Warned("DICOM_LATERALITY", details={"position": position}))
    if text(first, "Modality") in PROJECTIONS and numbers(first, "PixelSpacing", 2) is None:
        found.append(Warned("DICOM_DETECTOR"))
    return tuple(found)


def _count_warning(code: str, count: int) -> tuple[Warned, ...]:
    return (Warned(code, details={"files": count}),) if count else ()
