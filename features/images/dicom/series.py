"""read_dicom_series: the files of one DICOM image series as a Volume, every header checked before pixels are used."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from pydicom.dataset import Dataset

from features.core.case import ReadRule, Unit
from features.core.quarantine import Rejected, Warned
from features.core.region import Volume
from features.images.dicom.burned_in import check_burned_in, warn_of_face
from features.images.dicom.dataset import numbers, pixel_data, read_dataset, text
from features.images.dicom.facts import acquisition_facts
from features.images.dicom.frames import PROJECTIONS, Frame, frame_count, frames_of
from features.images.dicom.intensities import check_hu, inverted, is_inverse, padding_limits, rescale_of, rescaled
from features.images.dicom.pixels import lossy_warnings, stored_planes
from features.images.dicom.regrid import regridded
from features.images.dicom.stack import end_warnings, off_grid_warnings, stack_geometry, thickness_warnings
from features.images.dicom.suv import to_unit

_POSITIONS = ("HFP", "HFDR", "HFDL", "FFS", "FFP", "FFDR", "FFDL")  # beside HFS: head first, supine


def read_dicom_series(paths: Sequence[Path], *, unit: Unit = "arbitrary", rule: ReadRule | None = None) -> Volume:
    """The volume of a series: classic files of one slice each, or enhanced files of many frames.

    Slices are ordered along their normal and rescaled one by one. Array: int16 for a CT with whole rescale values,
    float32 otherwise. Origin and direction in patient coordinates (LPS, mm), as SimpleITK; an X-ray is one slice at the
    origin. facts: of the first slice, without patient data or UIDs; PixelPaddingValue and PixelPaddingRangeLimit in the
    unit of the array, whose voxels keep their value.

    unit: what the catalog declares; `arbitrary`: as in the files. rule: `regrid` resamples tilted or uneven stacks.

    Raises Rejected: UNREADABLE, SEC_BOMB, DICOM_TRUNC, DICOM_RGB, DICOM_NO_IPP, DICOM_BAD_VR, DICOM_MIXED_MATRIX,
    DICOM_MIXED_PHASES, DICOM_DUP_SLICE, DICOM_GANTRY_TILT, DICOM_MISSING_SLICE, DICOM_NONUNIFORM, DICOM_NO_RESCALE,
    DICOM_MIXED_RESCALE, DICOM_SHORT_PIXELS, MISSING_DECODER, DICOM_DECODE, HU_RANGE, PHI_BURNED,
    and the codes of `to_unit`.
    Warns: DICOM_NO_PREAMBLE, DICOM_DUP_DROPPED, DICOM_OFF_GRID, DICOM_THICKNESS, DICOM_FEWER_SLICES, DICOM_LATERALITY,
    DICOM_DETECTOR, DICOM_MONOCHROME1, LOSSY, DICOM_REGRID, CT_UNIT_UNTOLD, UNIT_DOUBTFUL, PHI_FACE.
    """
    datasets = [read_dataset(path) for path in paths]
    for dataset in datasets:
        check_burned_in(dataset)
    found = [frame for dataset in datasets for frame in frames_of(dataset)]
    if not found:
        raise Rejected("IMAGE_MISSING", "the series has no files")
    frames = _without_copies(found)
    grid = stack_geometry(frames, regrid=rule is not None and rule.regrid)
    frames = [frames[i] for i in grid.order]
    modality = text(frames[0].dataset, "Modality")
    warnings = (
        *_header_warnings(frames[0].dataset, [frame.dataset for frame in found]),
        *_count_warning("DICOM_DUP_DROPPED", len(found) - len(frames)),
        *thickness_warnings(frames, grid),
        *end_warnings(frames),
        *lossy_warnings(frames[0].dataset),
        *warn_of_face(frames[0].dataset),
    )
    rescale = rescale_of(frames, modality)
    planes = stored_planes(frames)
        *off_grid_warnings(grid),
    if is_inverse(frames[0]):  # of CT and PET, numbers have a meaning whatever they look like
        turned = modality not in ("CT", "PT")
        planes = inverted(planes, frames) if turned else planes
        warnings += (Warned("DICOM_MONOCHROME1", details={"inverted": int(turned)}),)
    array = rescaled(planes, rescale, modality)
    padding = padding_limits(frames[0], rescale)
    array, uptake, doubts = to_unit(array, [frame.dataset for frame in frames], unit)
    facts, warnings = acquisition_facts(frames[0]) | uptake, warnings + doubts
    if modality == "CT":
        check_hu(array, padding)
    if padding is not None:
        scale = float(uptake.get("SuvFactor", 1.0))
        facts |= {"PixelPaddingValue": padding[0] * scale, "PixelPaddingRangeLimit": padding[1] * scale}
    return regridded(Volume(array, grid.spacing_mm, grid.origin_mm, grid.direction, facts, warnings), grid)


def frame_of_reference(path: Path) -> str:
    """FrameOfReferenceUID of an image file, empty if it has none. Raises Rejected: UNREADABLE, DICOM_TRUNC."""
    return text(read_dataset(path, tags=["FrameOfReferenceUID"]), "FrameOfReferenceUID")


def series_voxels(paths: Sequence[Path]) -> int:
    """Voxels that the headers of a series claim, 0 if they do not say; of files of one frame, only the first is opened.

    Raises Rejected: UNREADABLE, DICOM_TRUNC, DICOM_BAD_VR, SEC_BOMB.
    """
    first = _file_voxels(paths[0])
    if first[1] == 1:
        return first[0] * len(paths)
    return first[0] + sum(_file_voxels(path)[0] for path in paths[1:])


def _file_voxels(path: Path) -> tuple[int, int]:
    """Voxels and frames of a file."""
    dataset = read_dataset(path, tags=["Rows", "Columns", "NumberOfFrames"])
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
        and pixel_data(one.dataset) == pixel_data(other.dataset)
    )


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
