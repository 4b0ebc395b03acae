"""HeaderReader: the few attributes of a DICOM file by which it is sorted into series, masks and the rest."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal, get_args

import pydicom
from pydicom.dataset import Dataset

from features.core.case import Modality
from features.core.catalog import DicomSource
from features.core.digest import digest_json
from features.core.errors import RadweaveError
from features.core.quarantine import Rejected
from features.images.dataset import looks_like_dicom, quiet, read_dataset, text
from features.images.findings import Pseudonyms
from features.images.rtstruct import roi_names
from features.images.seg import segment_labels

_VERSION = 1  # of this module: another one reads all headers again
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
    """What one file is. All slices of a series have equal headers.

    `patient` is the pseudonym; series, frame of reference, references (to series) and `values`, what the time point tags
    hold, are keyed hashes. `modality` is empty if it is none that radweave knows. `rois`: the patterns of the catalog that
    match the name of one of its ROIs.
    """

    kind: Literal["image", "rtstruct", "seg"]
    modality: str
    patient: str
    series: str
    frame: str
    values: dict[str, str]
    references: frozenset[str]
    rois: frozenset[str]


class HeaderReader:
    """Reads headers as a cohort's sources need them; `settings` are the digests of what a header's text depends on."""

    def __init__(self, names: Pseudonyms, sources: Sequence[DicomSource]) -> None:
        """Raises RadweaveError if an ROI pattern is no regular expression."""
        self.names = names
        self._tags = tuple(sorted({source.timepoint.tag for source in sources if source.timepoint}))
        self._patterns = {roi: _pattern(roi) for roi in sorted({source.mask.roi for source in sources})}
        self._parsed: dict[str, Header | Rejected | None] = {}
        basis = [_VERSION, pydicom.__version__, *self._tags]
        self._for_images = digest_json(basis)[:16]
        self._for_masks = digest_json([basis, list(self._patterns)])[:16]
        self.settings = frozenset({self._for_images, self._for_masks})

    def read(self, path: Path) -> tuple[str, str]:
        """The settings that a file's header depends on, empty if a later try may give more, and the header as text."""
        try:
            header = self._read(path)
        except Rejected as error:
            text = json.dumps({"code": error.code, "message": error.message, "details": error.details})
            return "" if error.code == "UNREADABLE" else self._for_images, text
        if header is None:
            return self._for_images, "null"
        facts = asdict(header) | {"references": sorted(header.references), "rois": sorted(header.rois)}
        return self._for_images if header.kind == "image" else self._for_masks, json.dumps(facts)

    def parse(self, text: str) -> Header | Rejected | None:
        """The header of a text that `read` gave. None if the file's type is of no use here.

        Of no use: not DICOM, a report, a localizer, a screenshot.
        Rejected: UNREADABLE, DICOM_TRUNC (also without a SeriesInstanceUID), PATIENT_UNKNOWN.
        """
        if text not in self._parsed:
            facts = json.loads(text)
            if facts is None:
                self._parsed[text] = None
            elif "code" in facts:
                self._parsed[text] = Rejected(facts["code"], facts["message"], **facts["details"])
            else:
                lists = {name: frozenset(facts[name]) for name in ("references", "rois")}
                self._parsed[text] = Header(**(facts | lists))
        return self._parsed[text]

    def _read(self, path: Path) -> Header | None:
        try:
            if not looks_like_dicom(path):
                return None
        except OSError as error:
            raise Rejected("UNREADABLE") from error
        dataset = read_dataset(path, tags=[*_TAGS, *self._tags])
        kind = _KINDS.get(text(dataset, "SOPClassUID"))
        if kind is None or "LOCALIZER" in text(dataset, "ImageType").split("/"):
            return None
        patient, series = self.names.patient(text(dataset, "PatientID")), text(dataset, "SeriesInstanceUID")
        if not series:
            raise Rejected("DICOM_TRUNC", "a DICOM file has no SeriesInstanceUID")
        if not patient:
            raise Rejected("PATIENT_UNKNOWN")
        try:
            with quiet():
                frame, references = _references(dataset)
                names = {*roi_names(dataset).values(), *segment_labels(dataset).values()}
        except Exception as error:  # a damaged sequence can raise anything
            raise Rejected("DICOM_TRUNC") from error
        modality = text(dataset, "Modality")
        word = self.names.word
        return Header(
            kind=kind,
            modality=modality if modality in get_args(Modality) else "",
            patient=patient,
            series=word(series),
            frame=word(frame),
            values={tag: word(text(dataset, tag)) for tag in self._tags},
            references=frozenset(map(word, references)),
            rois=frozenset(roi for roi, pattern in self._patterns.items() if any(map(pattern.fullmatch, names))),
        )


def _pattern(roi: str) -> re.Pattern[str]:
    try:
        return re.compile(roi, re.IGNORECASE)
    except re.error as error:
        raise RadweaveError(f'the ROI pattern "{roi}" of the catalog is no regular expression: {error}') from error


def _references(dataset: Dataset) -> tuple[str, frozenset[str]]:
    """Frame of reference and referenced series of an image, RTSTRUCT or SEG."""
    frame = text(dataset, "FrameOfReferenceUID")
    series = [text(item, "SeriesInstanceUID") for item in dataset.get("ReferencedSeriesSequence") or []]
    for item in dataset.get("ReferencedFrameOfReferenceSequence") or []:
        frame = frame or text(item, "FrameOfReferenceUID")
        for study in item.get("RTReferencedStudySequence") or []:
            series += [text(one, "SeriesInstanceUID") for one in study.get("RTReferencedSeriesSequence") or []]
    return frame, frozenset(uid for uid in series if uid)
