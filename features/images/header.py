"""read_header: the few attributes of a DICOM file by which it is sorted into series, masks and the rest."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from pydicom.dataset import Dataset

from features.core.pseudonym import canonical_id
from features.core.quarantine import Rejected
from features.images.dataset import looks_like_dicom, quiet, read_dataset, text
from features.images.rtstruct import roi_names
from features.images.seg import segment_labels

_TAGS = (
    "SOPClassUID",
    "Modality",
    "ImageType",
    "PatientID",
    "SeriesInstanceUID",
    "FrameOfReferenceUID",
    "ReferencedFrameOfReferenceSequence",
    "StructureSetROISequence",
    "ReferencedSeriesSequence",
    "SegmentSequence",
)
_KINDS: dict[str, Literal["image", "rtstruct", "seg"]] = {
    "1.2.840.10008.5.1.4.1.1.2": "image",  # CT
    "1.2.840.10008.5.1.4.1.1.2.1": "image",  # enhanced CT
    "1.2.840.10008.5.1.4.1.1.2.2": "image",  # legacy converted enhanced CT
    "1.2.840.10008.5.1.4.1.1.4": "image",  # MR
    "1.2.840.10008.5.1.4.1.1.4.1": "image",  # enhanced MR
    "1.2.840.10008.5.1.4.1.1.4.4": "image",  # legacy converted enhanced MR
    "1.2.840.10008.5.1.4.1.1.128": "image",  # PET
    "1.2.840.10008.5.1.4.1.1.130": "image",  # enhanced PET
    "1.2.840.10008.5.1.4.1.1.128.1": "image",  # legacy converted enhanced PET
    "1.2.840.10008.5.1.4.1.1.481.3": "rtstruct",
    "1.2.840.10008.5.1.4.1.1.66.4": "seg",
    "1.2.840.10008.5.1.4.1.1.66.7": "seg",  # label map
}


@dataclass(frozen=True, slots=True)
class Header:
    """One file. `values`: what the time point tags of the sources hold. References are SeriesInstanceUIDs."""

    path: Path
    kind: Literal["image", "rtstruct", "seg"]
    modality: str
    patient: str
    series: str
    frame: str
    values: dict[str, str]
    references: frozenset[str]
    rois: tuple[str, ...]


def read_header(path: Path, timepoint_tags: tuple[str, ...] = ()) -> Header | None:
    """The header of a file, or None if its type is of no use here: not DICOM, a report, a localizer, a screenshot.

    Raises Rejected: UNREADABLE, DICOM_TRUNC (also without a SeriesInstanceUID), PATIENT_UNKNOWN.
    """
    try:
        if not looks_like_dicom(path):
            return None
    except OSError as error:
        raise Rejected("UNREADABLE") from error
    dataset = read_dataset(path, tags=[*_TAGS, *timepoint_tags])
    kind = _KINDS.get(text(dataset, "SOPClassUID"))
    if kind is None or "LOCALIZER" in text(dataset, "ImageType").split("/"):
        return None
    patient, series = canonical_id(text(dataset, "PatientID")), text(dataset, "SeriesInstanceUID")
    if not series:
        raise Rejected("DICOM_TRUNC", "a DICOM file has no SeriesInstanceUID")
    if not patient:
        raise Rejected("PATIENT_UNKNOWN")
    try:
        with quiet():
            frame, references = _references(dataset)
            rois = (*roi_names(dataset).values(), *segment_labels(dataset).values())
    except Exception as error:  # a damaged sequence can raise anything
        raise Rejected("DICOM_TRUNC") from error
    values = {tag: text(dataset, tag) for tag in timepoint_tags}
    return Header(path, kind, text(dataset, "Modality"), patient, series, frame, values, references, rois)


def _references(dataset: Dataset) -> tuple[str, frozenset[str]]:
    """Frame of reference and referenced series of an image, RTSTRUCT or SEG."""
    frame = text(dataset, "FrameOfReferenceUID")
    series = [text(item, "SeriesInstanceUID") for item in dataset.get("ReferencedSeriesSequence") or []]
    for item in dataset.get("ReferencedFrameOfReferenceSequence") or []:
        frame = frame or text(item, "FrameOfReferenceUID")
        for study in item.get("RTReferencedStudySequence") or []:
            series += [text(one, "SeriesInstanceUID") for one in study.get("RTReferencedSeriesSequence") or []]
    return frame, frozenset(uid for uid in series if uid)
