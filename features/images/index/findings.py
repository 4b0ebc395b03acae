"""Findings: what the search through one image source brings to light, before case ids and digests are made."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path
from typing import Literal

from features.core.case import ROI, Modality, ReadRule, Segmentation, Unit
from features.core.catalog.id_form import IdForm, normalise_id
from features.core.kinds.calculation import Calculation
from features.core.kinds.mask import MaskSource
from features.core.pseudonym import pseudonym
from features.core.registration import Registration

# Why a file is of no use, and nothing is wrong with it: no DICOM; DICOM of another kind, such as a report or a screenshot;
# a localizer; what `select` and `ignore` leave out; a series beside the one that the case's mask names; a mask that no case
# needs; a case without the ROI where the catalog says that it is ignored; an archive, whose members are counted for
# themselves; a path that fits no template.
Fields = Mapping[str, str]  # what the placeholders of a template stand for in a path
Ignored = Literal["not_dicom", "type", "localizer", "not_selected", "not_named", "mask", "no_roi", "archive", "path"]


@dataclass(frozen=True, slots=True)
class Pseudonyms:
    """What stands for the ids and UIDs of a cohort's files. Here raw ids end: nothing behind it knows them."""

    cohort: str
    key: bytes = field(repr=False)
    form: IdForm = field(default_factory=IdForm)

    def at(self, centre: str) -> Pseudonyms:
        """Those of the files of one centre."""
        return replace(self, form=self.form.at(centre))

    def patient(self, raw: str) -> str:
        """The pseudonym of a patient id as the site writes it; empty if the id is blank or not of the declared form."""
        patient = normalise_id(raw, self.form)
        return pseudonym(self.key, self.cohort, patient) if patient else ""

    def day(self, patient: str, when: date) -> int:
        """A date as a number of days that is shifted by a secret of its patient (a pseudonym): days between dates stay."""
        text = f"\0day\0{self.cohort}\0{patient}".encode()
        code = hashlib.blake2b(text, key=self.key[:64], digest_size=5).digest()
        return when.toordinal() + int.from_bytes(code, "big")

    def word(self, raw: str) -> str:
        """A keyed hash (128 bits) by which UIDs and other words of headers can be compared; empty stays empty."""
        text = f"\0word\0{self.cohort}\0{raw}".encode("utf-8", "surrogatepass")
        return hashlib.blake2b(text, key=self.key[:64], digest_size=16).hexdigest() if raw else ""


@dataclass(frozen=True, slots=True)
class Listener(Pseudonyms):
    """Pseudonyms that take down the ids they are asked for: for a change of key, and never kept."""

    ids: set[str] = field(default_factory=set, repr=False, compare=False)

    def patient(self, raw: str) -> str:
        """As Pseudonyms."""
        self.ids.update(filter(None, [normalise_id(raw, self.form)]))
        return Pseudonyms.patient(self, raw)


@dataclass(frozen=True, slots=True)
class Candidate:
    """An image with its mask. `patient` is the pseudonym, `series` a keyed hash, empty if files have none.

    lesions: how the numbers of a label map become lesions, where they have not yet: number → name, or every one that is there.
    image_name, roi_name: their words. of: the word of the image whose masks serve it, where they have not yet been joined, and
    which of its ROIs (none: all). drawn_on: the candidate whose image the mask was drawn on, where that is another one.
    reader: whose mask it is, of several. readers: of a consensus, those who drew it, of those who are declared.
    calculation: how the image is calculated from its files. segmentation: how the mask was made. steps: what is computed from the
    mask, one after the other; roi_name is then the word of what the last one gives. instead: only for an image that lacks its mask.
    """

    patient: str
    timepoint: str
    lesion: str
    centre: str
    modality: Modality
    unit: Unit
    image_format: str
    image: tuple[Path, ...]
    mask_format: str
    mask: tuple[Path, ...]
    roi: str
    rule: ReadRule
    series: str = ""
    lesions: Mapping[int, str] | Literal["by_label"] | None = None
    image_name: str = ""
    roi_name: str = ROI
    of: tuple[str, tuple[str, ...]] | None = None
    drawn_on: Candidate | None = None
    registration: Registration | None = None
    frame: str = ""
    reader: str = ""
    readers: tuple[Candidate, ...] = ()
    consensus: str = ""
    declared_readers: tuple[str, ...] = ()
    calculation: Calculation | None = None
    segmentation: Segmentation = "given"
    steps: tuple[MaskSource, ...] = ()
    instead: bool = False

    @property
    def files(self) -> tuple[Path, ...]:
        """Files of the image and of the mask, or of readers' masks, and of the images that the mask was drawn on."""
        own = (*self.image, *self.mask)
        others = [file for one in self.readers for file in one.files]
        others += self.drawn_on.files if self.drawn_on else ()
        return tuple(dict.fromkeys([*own, *others])) if others else own


@dataclass(frozen=True, slots=True)
class Refusal:
    """Something that cannot become a scan, and the files that are lost by it. `patient`: the pseudonym, empty if unknown."""

    code: str
    centre: str
    modality: str
    files: tuple[Path, ...]
    patient: str = ""
    timepoint: str = ""
    lesion: str = ""
    message: str = ""
    details: dict[str, float | int | str] = field(default_factory=dict)
    series: str = ""
    image_name: str = ""
    roi_name: str = ROI
    instead: bool = False


@dataclass(slots=True)
class Findings:
    """Everything that was found; `files` are all files that were looked at, used or not, `readable` those one may open.

    `merged`: second copies of files that are there. `ignored`: files of no use, and why. `doubts`: warnings about sources.
    `days`: patient and time point → first day by its dates, as Pseudonyms.day shifts it.
    """

    candidates: list[Candidate] = field(default_factory=list)
    refusals: list[Refusal] = field(default_factory=list)
    files: set[Path] = field(default_factory=set)
    readable: set[Path] = field(default_factory=set)
    merged: set[Path] = field(default_factory=set)
    ignored: dict[Path, Ignored] = field(default_factory=dict)
    doubts: list[Refusal] = field(default_factory=list)
    days: dict[tuple[str, str], int] = field(default_factory=dict)

    def see_day(self, patient: str, timepoint: str, day: int) -> None:
        """Take note of a day on which a patient had an image; the first one of a time point counts."""
        self.days[patient, timepoint] = min(day, self.days.get((patient, timepoint), day))

    def add(self, other: Findings) -> None:
        """Take over what another search found."""
        self.candidates += other.candidates
        self.refusals += other.refusals
        self.files |= other.files
        self.readable |= other.readable
        self.merged |= other.merged
        self.ignored |= other.ignored
        self.doubts += other.doubts
        for place, day in other.days.items():
            self.see_day(*place, day)
