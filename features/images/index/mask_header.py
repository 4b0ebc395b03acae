"""mask_facts: what an RTSTRUCT or SEG refers to, and what its ROIs are called; it is read no further."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from pydicom.dataelem import RawDataElement
from pydicom.dataset import Dataset

from features.core.quarantine import Rejected
from features.images.dicom.dataset import quiet, read_dataset, text
from features.images.masks.rtstruct import roi_names
from features.images.masks.seg import segment_labels

MASK_TAGS = (
    "ReferencedFrameOfReferenceSequence",
    "StructureSetROISequence",
    "ReferencedSeriesSequence",
    "SegmentSequence",
)
_NAMING = (
    "ROIContourSequence",
    "SharedFunctionalGroupsSequence",
    "PerFrameFunctionalGroupsSequence",
    "SourceImageSequence",
)
_REFERENCED = re.compile(rb"\x08\x00\x55\x11(?:UI..|..\x00\x00)", re.DOTALL)  # tag and length of a referenced instance


def read_header(path: Path, tags: Sequence[str | int]) -> Dataset:
    """Some attributes of a DICOM file. Raises Rejected as `read_dataset`, and SEC_DOS (nested too deeply)."""
    try:
        return read_dataset(path, tags=tags)
    except Rejected as error:
        if isinstance(error.__cause__, RecursionError):
            raise Rejected("SEC_DOS") from error
        raise


def mask_facts(dataset: Dataset) -> tuple[str, dict[str, set[str]], set[str]]:
    """Frame of reference, referenced series with their instances, and ROI names of an RTSTRUCT or SEG.

    Raises Rejected: DICOM_TRUNC, SEC_DOS.
    """
    try:
        with quiet():
            names = {*roi_names(dataset).values(), *segment_labels(dataset).values()}
            frame, references = text(dataset, "FrameOfReferenceUID"), dict[str, set[str]]()
            for item in dataset.get("ReferencedSeriesSequence") or []:
                _refer(references, item, "ReferencedInstanceSequence")
            for item in dataset.get("ReferencedFrameOfReferenceSequence") or []:
                frame = frame or text(item, "FrameOfReferenceUID")
                for study in item.get("RTReferencedStudySequence") or []:
                    for one in study.get("RTReferencedSeriesSequence") or []:
                        _refer(references, one, "ContourImageSequence")
    except RecursionError as error:
        raise Rejected("SEC_DOS") from error
    except Exception as error:  # a damaged sequence can raise anything
        raise Rejected("DICOM_TRUNC") from error
    return frame, references, names


def named_images(path: Path) -> set[str]:
    """SOPInstanceUIDs of the images that contours were drawn on, or that frames were made of. Raises Rejected: DICOM_TRUNC."""
    dataset = read_header(path, _NAMING)
    found = set[str]()
    try:
        with quiet():
            for roi in dataset.get("ROIContourSequence") or []:
                for contour in roi.get("ContourSequence") or []:
                    found |= _uids(contour, "ContourImageSequence")
            shared, frames = (dataset.get(f"{one}FunctionalGroupsSequence") or [] for one in ("Shared", "PerFrame"))
            for groups in (*shared, *frames):
                for derivation in groups.get("DerivationImageSequence") or []:
                    found |= _uids(derivation, "SourceImageSequence")
            found |= _uids(dataset, "SourceImageSequence")
    except RecursionError as error:
        raise Rejected("SEC_DOS") from error
    except Exception as error:  # a damaged sequence can raise anything
        raise Rejected("DICOM_TRUNC") from error
    return found - {""}


def _refer(references: dict[str, set[str]], item: Dataset, keyword: str) -> None:
    series = text(item, "SeriesInstanceUID")
    if series:
        references.setdefault(series, set()).update(_uids(item, keyword) - {""})


def _uids(item: Dataset, keyword: str) -> set[str]:
    """ReferencedSOPInstanceUID of the items of a sequence; there may be thousands, so bytes are searched if there are any."""
    element: object = item.get_item(keyword)
    value = getattr(element, "value", None)
    if isinstance(element, RawDataElement) and isinstance(value, bytes) and element.is_little_endian:
        found = set()
        for match in _REFERENCED.finditer(value):
            explicit = match[0][4:6] == b"UI"
            length = int.from_bytes(match[0][6:8] if explicit else match[0][4:8], "little")
            found.add(value[match.end() : match.end() + length].decode("ascii").strip(" \0"))
        return found
    return {text(one, "ReferencedSOPInstanceUID") for one in item.get(keyword) or []}
