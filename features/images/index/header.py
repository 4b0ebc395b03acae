"""HeaderReader: the few attributes of a DICOM file by which it is sorted into series, masks and the rest."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal, NamedTuple, get_args

import pydicom
from pydicom.datadict import dictionary_VR, tag_for_keyword
from pydicom.dataelem import RawDataElement
from pydicom.dataset import Dataset

from features.core.case import Modality
from features.core.catalog.image_source import DicomSource
from features.core.catalog.series_choice import Choice, choice_word, judge
from features.core.digest import digest_json
from features.core.errors import RadweaveError
from features.core.quarantine import Rejected
from features.images.dicom.b_value import KEYWORD as B_VALUE
from features.images.dicom.dataset import text
from features.images.index.dates import date_in
from features.images.index.elements import element_text, is_dicom, read_elements
from features.images.index.findings import Ignored, Pseudonyms
from features.images.index.functional import ENHANCED, GROUP_TAGS, frame_values
from features.images.index.mask_header import MASK_TAGS, mask_facts, named_images, read_header
from features.images.index.private_b import PrivateB

_VERSION = 3  # of this module: another one reads all headers again
PHASE = ("AcquisitionNumber", "EchoTime", "DiffusionBValue", "TemporalPositionIdentifier", "ImageType")
_ORIENTATION = ("ImageOrientationPatient", "Rows", "Columns", "PixelSpacing")
_SHARED = ("SOPClassUID", "Modality", "PatientID", "SeriesInstanceUID", "FrameOfReferenceUID", *PHASE, *_ORIENTATION)
_OWN = ("SOPInstanceUID", "ImagePositionPatient")
_DIRECTORY_CLASS = b"1.2.840.10008.1.3.10"  # of a DICOMDIR, which has it in its file meta alone
_KINDS: dict[str, Literal["image", "rtstruct", "seg"]] = {
    "1.2.840.10008.5.1.4.1.1.1": "image",  # computed radiography
    "1.2.840.10008.5.1.4.1.1.1.1": "image",  # digital X-ray, for presentation
    "1.2.840.10008.5.1.4.1.1.1.1.1": "image",  # digital X-ray, for processing
    "1.2.840.10008.5.1.4.1.1.1.2": "image",  # mammography, for presentation
    "1.2.840.10008.5.1.4.1.1.1.2.1": "image",  # mammography, for processing
    "1.2.840.10008.5.1.4.1.1.2": "image",  # CT
    "1.2.840.10008.5.1.4.1.1.2.1": "image",  # enhanced CT
    "1.2.840.10008.5.1.4.1.1.2.2": "image",  # legacy converted enhanced CT
    "1.2.840.10008.5.1.4.1.1.3.1": "image",  # ultrasound, several frames
    "1.2.840.10008.5.1.4.1.1.4": "image",  # MR
    "1.2.840.10008.5.1.4.1.1.4.1": "image",  # enhanced MR
    "1.2.840.10008.5.1.4.1.1.4.4": "image",  # legacy converted enhanced MR
    "1.2.840.10008.5.1.4.1.1.6.1": "image",  # ultrasound
    "1.2.840.10008.5.1.4.1.1.12.1": "image",  # X-ray angiography
    "1.2.840.10008.5.1.4.1.1.12.1.1": "image",  # enhanced X-ray angiography
    "1.2.840.10008.5.1.4.1.1.12.2": "image",  # X-ray fluoroscopy
    "1.2.840.10008.5.1.4.1.1.20": "image",  # nuclear medicine
    "1.2.840.10008.5.1.4.1.1.128": "image",  # PET
    "1.2.840.10008.5.1.4.1.1.130": "image",  # enhanced PET
    "1.2.840.10008.5.1.4.1.1.128.1": "image",  # legacy converted enhanced PET
    "1.2.840.10008.5.1.4.1.1.481.3": "rtstruct",
    "1.2.840.10008.5.1.4.1.1.66.4": "seg",
    "1.2.840.10008.5.1.4.1.1.66.7": "seg",  # label map
}
# Modalities that may be told: any other word in the attribute may be a name.
_MODALITIES = frozenset({*get_args(Modality), "US", "NM", "MG", "XA", "RF", "OT", "IO", "PX", "BMD", "OPT", "IVUS"})

Vector = tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Header:
    """What one file is. Files of a series have equal headers as far as they are of one acquisition and orientation.

    `patient` is the pseudonym; series, frame of reference, `phase` (acquisition, echo, b-value, time, image type) and
    `values`, what the time point tags hold, are keyed hashes; `dates`: keyword → day as Pseudonyms.day shifts it.
    `modality` is empty if it is none that DICOM knows.
    `fits`: numbers of the choices of `select` and `ignore` that fit. `orientation`: six cosines, `grid`: rows, columns
    and their spacing in mm; empty if absent. `references`: series that a mask references, each with the instances it
    names. `named`: the instances that its contours or frames name, where it does not reference one series. `rois`: the
    patterns of the catalog that match the name of one of its ROIs.
    """

    kind: Literal["image", "localizer", "rtstruct", "seg"]
    modality: str
    patient: str
    series: str
    frame: str
    values: dict[str, str]
    fits: frozenset[int] = frozenset()
    phase: tuple[str, ...] = ()
    orientation: Vector = ()
    grid: Vector = ()
    references: dict[str, frozenset[str]] = field(default_factory=dict)
    named: frozenset[str] = frozenset()
    rois: frozenset[str] = frozenset()
    dates: dict[str, int] = field(default_factory=dict)


class DicomFile(NamedTuple):
    """A file with its header, the keyed hash of its SOPInstanceUID and, if it tells, the place of its slice in mm."""

    path: Path
    header: Header
    instance: str
    position_mm: Vector = ()


class HeaderReader:
    """Reads headers as a cohort's sources need them; `settings` are the digests of what a header's text depends on."""

    def __init__(self, names: Pseudonyms, sources: Sequence[DicomSource]) -> None:
        """Raises RadweaveError if a pattern is no regular expression."""
        self.names = names
        told = [source.timepoint for source in sources if source.timepoint]
        self._timepoints = tuple(sorted({one.tag for one in told if one.tag}))
        self._dates = tuple(sorted({one.date for one in told if one.date}))
        patterns = {source.mask.pattern for source in sources if source.mask.pattern}
        self._rois = {roi: _pattern(roi) for roi in sorted(patterns)}
        choices = {
            (keyword, choice_word(choice)): choice
            for source in sources
            for rule in (source.select, source.ignore)
            for keyword, choice in rule.items()
        }
        words = sorted(choices)
        self._choices = [(keyword, _judge(choices[keyword, word])) for keyword, word in words]
        self._numbers = {word: number for number, word in enumerate(words)}
        self._private = PrivateB(any(keyword == B_VALUE for keyword, _ in words) or any(map(_fits_b_values, sources)))
        self._shared = tuple(
            dict.fromkeys([*_SHARED, *self._timepoints, *self._dates, *(keyword for keyword, _ in words)])
        )
        self._tags = {keyword: tag for keyword in (*self._shared, *_OWN) if (tag := tag_for_keyword(keyword))}
        self._wanted = {tag: dictionary_VR(tag).encode() for tag in self._tags.values()}
        self._shared_tags = [self._tags.get(keyword, 0) for keyword in self._shared]
        self._b_place = self._shared.index(B_VALUE)
        self._told: dict[tuple[bytes, ...], str | Rejected] = {}
        self._parsed: dict[str, Header | Rejected | Ignored] = {}
        basis = [_VERSION, pydicom.__version__, names.form.model_dump_json(), *self._timepoints, *map(list, words)]
        basis += [["dates", *self._dates]] if self._dates else []
        basis += [["private b-values"]] if self._private.is_read else []
        basis += [["frames"]] if words else []
        self._for_images = digest_json(basis)[:16]
        self._for_masks = digest_json([basis, list(self._rois)])[:16]
        self.settings = frozenset({self._for_images, self._for_masks})

    def choices(self, rule: Mapping[str, Choice]) -> frozenset[int]:
        """The numbers of the choices of a `select` or `ignore`, as `Header.fits` holds them."""
        return frozenset(self._numbers[keyword, choice_word(choice)] for keyword, choice in rule.items())

    def read(self, path: Path, head: bytes | None) -> tuple[str, str]:
        """The settings that a file's header depends on, empty if a later try may give more, and the header as text.

        `head`: the first bytes of the file, None if it cannot be read.
        """
        try:
            if head is None:
                raise Rejected("UNREADABLE")
            return self._read(path, head)
        except Rejected as error:
            text = json.dumps({"code": error.code, "message": error.message, "details": error.details})
            return "" if error.code == "UNREADABLE" else self._for_images, text

    def parse(self, path: Path, text: str) -> DicomFile | Rejected | Ignored:
        """What `read` gave as text: a file with its header, or why it is none.

        Rejected: UNREADABLE, DICOM_TRUNC (also without a SeriesInstanceUID), PATIENT_UNKNOWN, SEC_DOS.
        """
        shared, _, own = text.partition("\n")
        header = self._parsed.get(shared)
        if header is None:
            header = self._parsed[shared] = _parse(json.loads(shared))
        if not isinstance(header, Header):
            return header
        instance, *position = own.split(" ")
        return DicomFile(path, header, instance, tuple(map(float, position)))

    def _read(self, path: Path, head: bytes) -> tuple[str, str]:
        if not is_dicom(head):
            return self._for_images, _ignored("not_dicom")
        if _DIRECTORY_CLASS in head[132:512]:
            return self._for_images, _ignored("type")
        fields = read_elements(head, self._wanted | self._private.near)
        if fields is not None and (quick := self._quick(fields, head)):
            return self._for_images, quick
        dataset = read_header(path, [*self._shared, *_OWN, *MASK_TAGS, *self._private.tags])
        raw = tuple(self._text(dataset, keyword) for keyword in self._shared)
        if self._private.is_read and not raw[self._b_place]:
            raw = self._with_b(raw, self._private.in_dataset(dataset))
        if untold := self._untold(raw):
            told = frame_values(read_header(path, GROUP_TAGS), untold)
            raw = tuple(value or told.get(keyword, "") for keyword, value in zip(self._shared, raw, strict=True))
        kind = _KINDS.get(raw[0])
        if kind is None:
            return self._for_images, _ignored("type")
        settings = self._for_images if kind == "image" else self._for_masks
        own = self._own(*(self._text(dataset, keyword) for keyword in _OWN))
        return settings, f"{self._tell(raw, kind, None if kind == 'image' else dataset, path)}\n{own}"

    def _text(self, dataset: Dataset, keyword: str) -> str:
        """An attribute as `_quick` tells it; as pydicom does if it takes more knowledge."""
        tag = self._tags.get(keyword, 0)
        element: object = dataset.get_item(tag) if tag in dataset else None
        if element is None:
            return ""
        if isinstance(element, RawDataElement) and isinstance(element.value, bytes) and element.is_little_endian:
            told = element_text((element.VR or self._wanted[tag].decode()).encode(), element.value)
            if told is not None:
                return told
        return text(dataset, keyword)

    def _quick(self, fields: dict[int, bytes], head: bytes) -> str:
        """The header of a plain image, from its attributes as they stand in the file; "" if pydicom has to look."""
        own = [element_text(self._wanted[tag], fields.get(tag, b"")) for tag in map(self._tags.__getitem__, _OWN)]
        raw = tuple([fields.get(tag, b"") for tag in self._shared_tags])
        private = ""
        if self._private.is_read and not raw[self._b_place] and fields.get(self._tags["Modality"]) == b"MR":
            found = self._private.in_head(fields, head)
            if found is None:
                return ""
            private, raw = found, (*raw, found.encode())
        told = self._told.get(raw)
        if told is None:
            values = [element_text(self._wanted.get(tag, b""), fields.get(tag, b"")) for tag in self._shared_tags]
            known = tuple(value for value in values if value is not None)
            if len(known) < len(values) or _KINDS.get(known[0]) != "image":
                return ""
            known = self._with_b(known, private)
            if self._untold(known):
                return ""
            try:
                told = self._tell(known, "image", None)
            except Rejected as error:
                told = error
            self._told[raw] = told
        if isinstance(told, Rejected):
            raise told
        instance, position = own
        return f"{told}\n{self._own(instance, position)}" if instance is not None and position is not None else ""

    def _untold(self, raw: tuple[str, ...]) -> list[str]:
        """Keywords of choices that an enhanced file does not tell of itself: its frames may."""
        if raw[0] not in ENHANCED:
            return []
        values = dict(zip(self._shared, raw, strict=True))
        return list(dict.fromkeys(keyword for keyword, _ in self._choices if not values[keyword]))

    def _with_b(self, raw: tuple[str, ...], b_value: str) -> tuple[str, ...]:
        """The values with the b-value of a private element, if there is one."""
        if not b_value:
            return raw
        return (*raw[: self._b_place], b_value, *raw[self._b_place + 1 :])

    def _own(self, instance: str, position: str) -> str:
        """What a slice does not share with others, as text."""
        return " ".join([self.names.word(instance), *(repr(round(value, 4)) for value in _floats(position, 3))])

    def _tell(
        self,
        raw: tuple[str, ...],
        kind: Literal["image", "rtstruct", "seg"],
        dataset: Dataset | None,
        path: Path | None = None,
    ) -> str:
        """A header as text, from the values of `self._shared` and, for a mask, its data set and file."""
        values = dict(zip(self._shared, raw, strict=True))
        patient, series, word = self.names.patient(values["PatientID"]), values["SeriesInstanceUID"], self.names.word
        if not series:
            raise Rejected("DICOM_TRUNC", "a DICOM file has no SeriesInstanceUID")
        if not patient:
            raise Rejected("PATIENT_UNKNOWN")
        header = Header(
            kind="localizer" if kind == "image" and _is_localizer(values["ImageType"]) else kind,
            modality=values["Modality"] if values["Modality"] in _MODALITIES else "",
            patient=patient,
            series=word(series),
            frame=word(values["FrameOfReferenceUID"]),
            values={tag: word(values[tag]) for tag in self._timepoints},
        )
        facts = asdict(header)
        if dataset is None:
            days = {keyword: date_in(values[keyword]) for keyword in self._dates}
            facts["dates"] = {keyword: self.names.day(patient, day) for keyword, day in days.items() if day}
            facts["fits"] = [n for n, (keyword, fits) in enumerate(self._choices) if fits(values[keyword])]
            facts["phase"] = [word(_plain(values[keyword])) for keyword in PHASE]
            facts["orientation"] = [round(v, 5) for v in _floats(values["ImageOrientationPatient"], 6)]
            grid = "/".join(values[keyword] for keyword in ("Rows", "Columns", "PixelSpacing"))
            facts["grid"] = [round(v, 5) for v in _floats(grid, 4)]
        else:
            frame, references, rois = mask_facts(dataset)
            facts["frame"] = word(frame)
            facts["references"] = {word(uid): sorted(map(word, found)) for uid, found in references.items()}
            if len(references) != 1 and path is not None:
                facts["named"] = sorted(map(word, named_images(path)))
            facts["rois"] = [roi for roi, pattern in self._rois.items() if any(map(pattern.fullmatch, rois))]
        facts = {name: value for name, value in facts.items() if value or name in ("modality", "frame", "values")}
        return json.dumps(facts, separators=(",", ":"), default=sorted)


def _parse(facts: dict[str, Any]) -> Header | Rejected | Ignored:
    if "ignored" in facts:
        reason: Ignored = facts["ignored"]
        return reason
    if "code" in facts:
        return Rejected(facts["code"], facts["message"], **facts["details"])
    for name in ("fits", "rois", "named"):
        facts[name] = frozenset(facts.get(name, ()))
    for name in ("phase", "orientation", "grid"):
        facts[name] = tuple(facts.get(name, ()))
    facts["references"] = {uid: frozenset(found) for uid, found in facts.get("references", {}).items()}
    return Header(**facts)


def _ignored(reason: Ignored) -> str:
    return json.dumps({"ignored": reason})


def _pattern(pattern: str) -> re.Pattern[str]:
    try:
        return re.compile(pattern, re.IGNORECASE)
    except re.error as error:
        raise RadweaveError(f'the pattern "{pattern}" of the catalog is no regular expression: {error}') from error


def _judge(choice: Choice) -> Callable[[str], bool]:
    try:
        return judge(choice)
    except re.error as error:
        raise RadweaveError(f'the pattern "{choice}" of the catalog is no regular expression: {error}') from error


def _fits_b_values(source: DicomSource) -> bool:
    """Whether an image of the source is calculated from b-values."""
    calculation = getattr(source, "calculate", None)
    return calculation is not None and calculation.parts == "b_values"


def _is_localizer(image_type: str) -> bool:
    return bool({"LOCALIZER", "SCOUT"} & set(image_type.upper().split("/")))


def _floats(told: str, count: int) -> Vector:
    """`count` finite numbers, or none."""
    try:
        found = tuple(map(float, told.split("/")))
    except ValueError:
        return ()
    return found if len(found) == count and all(abs(value) < float("inf") for value in found) else ()


def _plain(told: str) -> str:
    """A number in one spelling, other text as it is."""
    number = _floats(told, 1)
    return f"{number[0]:g}" if number else told
