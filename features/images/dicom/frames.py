"""frames_of: the slices of one DICOM file, classic or enhanced, as its header describes them; no pixel is decoded."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset

from features.core.quarantine import Rejected
from features.images.dicom.dataset import holds, numbers, quiet, text

PROJECTIONS = ("CR", "DX")  # X-rays lie nowhere in the patient
_MOST_MM, _FARTHEST_MM = 100.0, 1e6  # of a pixel, from the origin
# What tells acquisitions at one position apart: (functional group, attribute); classic files hold the attribute itself.
_PHASES = (
    ("FrameContentSequence", "FrameAcquisitionNumber"),
    ("FrameContentSequence", "TemporalPositionIndex"),
    ("MREchoSequence", "EffectiveEchoTime"),
    ("MRDiffusionSequence", "DiffusionBValue"),
    ("CardiacSynchronizationSequence", "NominalPercentageOfCardiacPhase"),
    ("", "AcquisitionNumber"),
    ("", "TemporalPositionIdentifier"),
    ("", "EchoTime"),
    ("", "DiffusionBValue"),
    ("", "TriggerTime"),
)


@dataclass(frozen=True, slots=True, eq=False)
class Frame:
    """One slice: frame `index` of the pixel data of `dataset`, whose header holds for all its frames.

    position_mm (3,), orientation (6,), pixel_spacing_mm (row, column), matrix (rows, columns). thickness_mm: 0 if it is
    not told. slope, intercept: None if they are not told. groups: the frame's functional groups, then the shared ones.
    """

    dataset: Dataset
    index: int
    position_mm: NDArray[np.float64]
    orientation: NDArray[np.float64]
    pixel_spacing_mm: NDArray[np.float64]
    matrix: tuple[int, int]
    thickness_mm: float
    slope: float | None
    intercept: float | None
    groups: tuple[Dataset, ...] = ()


def frames_of(dataset: Dataset) -> list[Frame]:
    """The slices of a file, in the order of its pixel data.

    Raises Rejected: DICOM_TRUNC (no pixel data, or not every frame is described), DICOM_DECODE (floating-point pixels),
    DICOM_RGB, DICOM_NO_IPP, DICOM_BAD_VR.
    """
    if "FloatPixelData" in dataset or "DoubleFloatPixelData" in dataset:
        raise Rejected("DICOM_DECODE", "pixels are stored as floating-point numbers, which are not read")
    if "PixelData" not in dataset:
        raise Rejected("DICOM_TRUNC", "a DICOM file ends before its pixel data do")
    photometric = text(dataset, "PhotometricInterpretation")
    if numbers(dataset, "SamplesPerPixel", 1) not in (None, (1.0,)) or photometric[:10] not in ("", "MONOCHROME"):
        raise Rejected("DICOM_RGB")
    rows, columns = required(dataset, "Rows", 1), required(dataset, "Columns", 1)
    if rows is None or columns is None or min(*rows, *columns) < 1:
        raise Rejected("DICOM_TRUNC", "Rows or Columns are absent")
    matrix = int(rows[0]), int(columns[0])
    if "PerFrameFunctionalGroupsSequence" in dataset:
        return _enhanced(dataset, matrix)
    if frame_count(dataset) > 1:
        raise Rejected("DICOM_NO_IPP", "the frames of a file have no positions")
    if text(dataset, "Modality") in PROJECTIONS:
        return [_projection(dataset, matrix)]
    return [_frame(dataset, 0, matrix, (dataset, dataset, dataset, dataset))]


def frame_count(dataset: Dataset) -> int:
    """NumberOfFrames, 1 if it is absent. Raises Rejected: DICOM_BAD_VR."""
    found = required(dataset, "NumberOfFrames", 1)
    if found is not None and (found[0] < 1 or not found[0].is_integer()):
        raise Rejected("DICOM_BAD_VR", "NumberOfFrames is no count", attribute="NumberOfFrames")
    return int(found[0]) if found else 1


def required(dataset: Dataset, keyword: str, count: int) -> tuple[float, ...] | None:
    """`count` numbers, or None if the attribute is absent or empty. Raises Rejected: DICOM_BAD_VR if they are none."""
    found = numbers(dataset, keyword, count)
    if found is None and holds(dataset, keyword):
        raise Rejected("DICOM_BAD_VR", f"{keyword} cannot be understood", attribute=keyword)
    return found


def functional_group(groups: Sequence[Dataset], keyword: str) -> Dataset:
    """The one item of a functional group: the frame's own, else the shared one, else empty. Raises Rejected: DICOM_TRUNC."""
    try:
        with quiet():
            for place in groups:
                if place.get(keyword):
                    item: Dataset = place[keyword].value[0]
                    return item
    except Exception as error:  # a damaged sequence can raise anything
        raise Rejected("DICOM_TRUNC") from error
    return Dataset()


def phase(frame: Frame) -> tuple[object, ...]:
    """What tells a frame from others at its position: acquisition, echo, b-value, time."""
    found: list[object] = [text(frame.dataset, "ImageType")]
    for group, keyword in _PHASES:
        item = functional_group(frame.groups, group) if group else frame.dataset
        found.append(numbers(item, keyword, 1))
    return tuple(found)


def _enhanced(dataset: Dataset, matrix: tuple[int, int]) -> list[Frame]:
    try:
        with quiet():
            each = list(dataset.PerFrameFunctionalGroupsSequence)
            shared = list(dataset.get("SharedFunctionalGroupsSequence") or [])[:1]
            if len(each) != frame_count(dataset):
                raise Rejected("DICOM_TRUNC", "not every frame is described", frames=len(each))
            frames = []
            for index, own in enumerate(each):
                groups = (own, *shared)
                keywords = ("PlanePosition", "PlaneOrientation", "PixelMeasures", "PixelValueTransformation")
                position, orientation, measures, values = (
                    functional_group(groups, f"{keyword}Sequence") for keyword in keywords
                )
                frames.append(_frame(dataset, index, matrix, (position, orientation, measures, values), groups))
    except (Rejected, MemoryError):
        raise
    except Exception as error:  # a damaged sequence can raise anything
        raise Rejected("DICOM_TRUNC") from error
    return frames


def _frame(
    dataset: Dataset,
    index: int,
    matrix: tuple[int, int],
    places: tuple[Dataset, Dataset, Dataset, Dataset],
    groups: tuple[Dataset, ...] = (),
) -> Frame:
    """A frame whose position, orientation, measures and rescale stand in `places`."""
    at, turned, measures, values = places
    position, orientation = required(at, "ImagePositionPatient", 3), required(turned, "ImageOrientationPatient", 6)
    if position is None or orientation is None:
        raise Rejected("DICOM_NO_IPP")
    spacing = required(measures, "PixelSpacing", 2)
    if spacing is None or not 0 < min(spacing) <= max(spacing) <= _MOST_MM:
        raise Rejected("DICOM_NO_IPP", "PixelSpacing is absent or cannot be")
    if max(map(abs, position)) > _FARTHEST_MM:
        raise Rejected("DICOM_NO_IPP", "ImagePositionPatient cannot be")
    return Frame(
        dataset,
        index,
        np.array(position),
        np.array(orientation),
        np.array(spacing),
        matrix,
        (numbers(measures, "SliceThickness", 1) or (0.0,))[0],
        *_rescale(values),
        groups,
    )


def _projection(dataset: Dataset, matrix: tuple[int, int]) -> Frame:
    """An X-ray: one slice of 1 mm at the origin."""
    spacing = required(dataset, "PixelSpacing", 2) or required(dataset, "ImagerPixelSpacing", 2)
    if spacing is None or not 0 < min(spacing) <= max(spacing) <= _MOST_MM:
        raise Rejected("DICOM_NO_IPP", "PixelSpacing and ImagerPixelSpacing are absent or cannot be")
    axes = np.array([1.0, 0.0, 0.0, 0.0, 1.0, 0.0])
    return Frame(dataset, 0, np.zeros(3), axes, np.array(spacing), matrix, 1.0, *_rescale(dataset))


def _rescale(place: Dataset) -> tuple[float | None, float | None]:
    slope, intercept = required(place, "RescaleSlope", 1), required(place, "RescaleIntercept", 1)
    return slope[0] if slope else None, intercept[0] if intercept else None
