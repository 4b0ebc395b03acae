"""read_dicom_series: the files of one classic DICOM image series as a Volume, every header checked before pixels are used."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset
from pydicom.uid import ExplicitVRLittleEndian, ImplicitVRLittleEndian

from features.core.quarantine import Rejected
from features.core.region import Volume
from features.images.burned_in import check_burned_in, warn_of_face
from features.images.dataset import numbers, quiet, read_dataset, text
from features.images.stack import Slice, stack_geometry

TEXT_FACTS = ("Manufacturer", "ManufacturerModelName", "ConvolutionKernel", "Units")
NUMBER_FACTS = ("SliceThickness", "KVP")
MR_FACTS = ("RepetitionTime", "EchoTime")
HU_RANGE = (-1100.0, 5000.0)


def read_dicom_series(paths: Sequence[Path]) -> Volume:
    """The volume of a series: slices ordered along their normal, rescale applied slice by slice.

    Array: int16 for a CT with whole rescale values, float32 otherwise. Origin and direction in patient coordinates
    (LPS, mm), as SimpleITK. facts: acquisition facts of the first slice, without patient data or UIDs.
    Padding voxels keep their value.

    Raises Rejected: UNREADABLE, DICOM_TRUNC, DICOM_MULTIFRAME, DICOM_NO_IPP, DICOM_MIXED_MATRIX, DICOM_DUP_SLICE,
    DICOM_GANTRY_TILT, DICOM_MISSING_SLICE, DICOM_NONUNIFORM, DICOM_NO_RESCALE, DICOM_MIXED_RESCALE,
    DICOM_SHORT_PIXELS, DICOM_DECODE, HU_RANGE, PHI_BURNED. Warns of PHI_FACE.
    """
    slices = [_slice(read_dataset(path)) for path in paths]
    if not slices:
        raise Rejected("IMAGE_MISSING", "the series has no files")
    order, spacing, origin, direction = stack_geometry(slices)
    datasets = [slices[i].dataset for i in order]
    modality = text(datasets[0], "Modality")
    rescale = _rescale(datasets, modality)
    stored = np.stack([_pixels(dataset) for dataset in datasets])
    array = _rescaled(stored, rescale, modality)
    if modality == "CT":
        _check_hu(array, stored, datasets[0])
    return Volume(array, spacing, origin, direction, _facts(datasets[0]), warn_of_face(datasets[0]))


def frame_of_reference(path: Path) -> str:
    """FrameOfReferenceUID of an image file, empty if it has none. Raises Rejected: UNREADABLE, DICOM_TRUNC."""
    return text(read_dataset(path, tags=["FrameOfReferenceUID"]), "FrameOfReferenceUID")


def slice_voxels(path: Path) -> int:
    """Rows × Columns of an image file; 0 if it does not say. Raises Rejected: UNREADABLE, DICOM_TRUNC."""
    dataset = read_dataset(path, tags=["Rows", "Columns"])
    rows, columns = numbers(dataset, "Rows", 1), numbers(dataset, "Columns", 1)
    return int(rows[0] * columns[0]) if rows and columns else 0


def _slice(dataset: Dataset) -> Slice:
    check_burned_in(dataset)
    frames = numbers(dataset, "NumberOfFrames", 1)
    if (frames and frames[0] > 1) or "PerFrameFunctionalGroupsSequence" in dataset:
        raise Rejected("DICOM_MULTIFRAME")
    if "PixelData" not in dataset:
        raise Rejected("DICOM_TRUNC", "a DICOM file ends before its pixel data do")
    position = numbers(dataset, "ImagePositionPatient", 3)
    orientation = numbers(dataset, "ImageOrientationPatient", 6)
    pixel_spacing = numbers(dataset, "PixelSpacing", 2)
    if position is None or orientation is None:
        raise Rejected("DICOM_NO_IPP")
    if pixel_spacing is None or min(pixel_spacing) <= 0:
        raise Rejected("DICOM_NO_IPP", "PixelSpacing is absent or not positive")
    if numbers(dataset, "SamplesPerPixel", 1) not in (None, (1.0,)):
        raise Rejected("DICOM_DECODE", "colour images hold no intensities")
    matrix = numbers(dataset, "Rows", 1), numbers(dataset, "Columns", 1)
    if matrix[0] is None or matrix[1] is None:
        raise Rejected("DICOM_TRUNC", "Rows or Columns are absent")
    thickness = numbers(dataset, "SliceThickness", 1)
    return Slice(
        dataset,
        np.array(position),
        np.array(orientation),
        np.array(pixel_spacing),
        (int(matrix[0][0]), int(matrix[1][0])),
        thickness[0] if thickness else 0.0,
    )


def _rescale(datasets: Sequence[Dataset], modality: str) -> NDArray[np.float64]:
    """Slope and intercept of each slice, (n, 2)."""
    found: list[tuple[float, float]] = []
    for dataset in datasets:
        slope, intercept = numbers(dataset, "RescaleSlope", 1), numbers(dataset, "RescaleIntercept", 1)
        if modality in ("CT", "PT") and (slope is None or intercept is None or slope[0] == 0):
            raise Rejected("DICOM_NO_RESCALE", f"a {modality} slice has no RescaleSlope/RescaleIntercept")
        found.append((slope[0] if slope else 1.0, intercept[0] if intercept else 0.0))
    if modality == "CT" and len(set(found)) > 1:
        raise Rejected("DICOM_MIXED_RESCALE", pairs=len(set(found)))
    return np.array(found, dtype=np.float64)


def _pixels(dataset: Dataset) -> NDArray[np.generic]:
    """Stored values (rows, columns)."""
    meta = getattr(dataset, "file_meta", None)
    syntax = getattr(meta, "TransferSyntaxUID", None)
    try:
        needed = int(dataset.Rows) * int(dataset.Columns) * int(dataset.BitsAllocated) // 8
    except (AttributeError, TypeError, ValueError) as error:
        raise Rejected("DICOM_DECODE", "the pixel description is not complete") from error
    if (syntax is None or not syntax.is_compressed) and len(dataset.PixelData) < needed:
        raise Rejected("DICOM_SHORT_PIXELS", bytes=len(dataset.PixelData), expected_bytes=needed)
    if meta is not None and syntax is None:  # a file without meta information; pydicom found out how it is encoded
        implicit = dataset.original_encoding[0] is not False
        meta.TransferSyntaxUID = ImplicitVRLittleEndian if implicit else ExplicitVRLittleEndian
    try:
        with quiet():
            array: NDArray[np.generic] = dataset.pixel_array
    except MemoryError:
        raise
    except Exception as error:  # decoders raise whatever their libraries raise
        raise Rejected("DICOM_DECODE", transfer_syntax=str(syntax)) from error
    return array


def _rescaled(stored: NDArray[np.generic], rescale: NDArray[np.float64], modality: str) -> NDArray[np.generic]:
    slope, intercept = rescale[0]
    small = stored.dtype.itemsize <= 2 and abs(slope) <= 1000
    if modality == "CT" and small and float(slope).is_integer() and float(intercept).is_integer():
        whole = stored.astype(np.int32) * np.int32(slope) + np.int32(intercept)
        bounds = np.iinfo(np.int16)
        if bounds.min <= whole.min() and whole.max() <= bounds.max:
            return whole.astype(np.int16)
    array = np.empty(stored.shape, dtype=np.float32)
    for k, (slope, intercept) in enumerate(rescale):
        array[k] = stored[k] * slope + intercept
    return array


def _check_hu(array: NDArray[np.generic], stored: NDArray[np.generic], dataset: Dataset) -> None:
    """HU_RANGE if the 0.1 % or the 99.9 % percentile cannot be HU, on a sample of about a million voxels.

    Padding is left out: PixelPaddingValue (to its limit), or without the tag the one value of all corners if it is lowest.
    """
    step = max(1, array.size // 1_000_000) | 1  # odd, so that no column of the matrix is favoured
    values = array.reshape(-1)[::step].astype(np.float64)
    raw = stored.reshape(-1)[::step].astype(np.float64)
    corners = stored[:, [0, 0, -1, -1], [0, -1, 0, -1]]
    tag = numbers(dataset, "PixelPaddingValue", 1)
    if tag is not None:
        limit = numbers(dataset, "PixelPaddingRangeLimit", 1) or tag
        padding = (raw >= min(tag + limit)) & (raw <= max(tag + limit))
    elif corners.min() == corners.max() == stored.min():
        padding = raw == float(corners.min())
    else:
        padding = np.zeros(raw.shape, dtype=np.bool_)
    if not padding.all():
        values = values[~padding]
    low, high = (float(value) for value in np.percentile(values, [0.1, 99.9]))
    if low < HU_RANGE[0] or high > HU_RANGE[1]:
        raise Rejected("HU_RANGE", p0_1_hu=low, p99_9_hu=high)


def _facts(dataset: Dataset) -> dict[str, str | float]:
    facts: dict[str, str | float] = {}
    for keyword in TEXT_FACTS:
        if text(dataset, keyword):
            facts[keyword] = text(dataset, keyword)[:64]
    for keyword in (*NUMBER_FACTS, *(MR_FACTS if text(dataset, "Modality") == "MR" else ())):
        value = numbers(dataset, keyword, 1)
        if value is not None:
            facts[keyword] = value[0]
    return facts
