"""deidentify_dataset: a DICOM dataset without what could identify the patient, in place."""

from __future__ import annotations

import hmac
import re
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from importlib.metadata import version
from typing import Any

from pydicom.datadict import dictionary_has_tag, dictionary_keyword, dictionary_VR
from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.tag import BaseTag
from pydicom.uid import UID, ExplicitVRLittleEndian, ImplicitVRLittleEndian, UID_dictionary

from features.core.quarantine import Rejected
from features.images.dicom.dataset import quiet, text
from features.privacy.dates import is_time, offset_days, shift_date, shift_datetime
from features.privacy.private import Kind, is_plausible, safe_kind
from features.privacy.profile import BASIC_CODE, EDITION, OPTION_CODES, OPTIONS, Option, action
from features.privacy.words import Vocabulary, read_words

_WORDS = frozenset(("LO", "SH", "ST", "LT", "UT", "UC", "CS"))
_BULK = frozenset(("OB", "OW", "OF", "OD", "OL", "OV", "UN", "OB or OW"))
_NUMBERS = frozenset(("DS", "IS"))
_BINARY = frozenset(("FL", "FD", "SL", "SS", "UL", "US", "SV", "UV", "AT", "US or SS", "US or SS or OW", "US or OW"))
_NUMBER = re.compile(r"[0-9+\-.eE\\ \0]*")
_AGE = re.compile(r"[0-9]{3}[DWMY]")
_CODE = re.compile(r"[A-Z0-9_ ]{0,16}")
_SEXES = ("M", "F", "O", "")
_NAMES = {"ROIName": "ROINumber", "SegmentLabel": "SegmentNumber"}  # of regions, and what numbers them
_DUMMIES: dict[str, str] = {"DA": "19000101", "DT": "19000101000000", "TM": "000000", "AS": "000Y"}
_DUMMIES |= {"DS": "0", "IS": "0", "AE": "REMOVED", "CS": "REMOVED"}
_DUMMIES |= dict.fromkeys(("LO", "SH", "ST", "LT", "UT", "UC", "PN"), "removed")
_SCHEMES = frozenset(("SCT", "SRT", "SNM3", "DCM", "UCUM", "FMA", "RADLEX", "LN", "NCIt", "UMLS", "ICD10"))
_CODE_VALUE = re.compile(r"(?=.*[0-9])[A-Za-z0-9.-]{1,18}")
_UNIT = re.compile(r"[A-Za-z0-9.{}\[\]'/%*-]{1,16}")
_NINETY = 90


@dataclass(frozen=True)
class Rules:
    """How the files of a cohort are de-identified.

    timepoints: keyword of the attribute that tells the time point → the values of it that the catalog declares and that
    therefore stay. vocabulary: words that may stay in names and descriptions.
    """

    cohort: str
    key: bytes = field(repr=False)
    options: frozenset[Option] = frozenset(OPTIONS)
    vocabulary: Vocabulary = field(default_factory=Vocabulary)
    timepoints: dict[str, frozenset[str]] = field(default_factory=dict)

    def uid(self, old: str) -> str:
        """What stands for a UID: the same for the same UID in all files of the cohort; those of the standard stay."""
        old = old.strip(" \0")
        if not old or old in UID_dictionary:
            return old
        code = hmac.digest(self.key, f"\0uid\0{self.cohort}\0{old}".encode("utf-8", "surrogatepass"), "sha256")
        return f"2.25.{uuid.UUID(bytes=code[:16], version=4).int}"


def deidentify_dataset(dataset: Dataset, patient: str, rules: Rules) -> None:
    """Replace, clean or remove every attribute as the standard's table and the rules' options say; pixels stay.

    `patient` is the pseudonym, which becomes PatientID and PatientName. Attributes that the table does not list are held
    to more than the standard asks: text stays only where kept.txt names its attribute or its words are known, unknown
    attributes and bulk data other than pixels go, and values that are not of their representation go.
    """
    with quiet():
        names = [text(dataset, name) for name in ("PatientName", "ReferringPhysicianName", "OperatorsName")]
        if names[0] == text(dataset, "PatientID"):
            names = names[1:]
        cleaner = _Cleaner(rules, rules.vocabulary.without(names), offset_days(rules.key, rules.cohort, patient))
        cleaner.clean(dataset)
        _mark(dataset, patient, rules)
        _replace_meta(dataset)


@dataclass
class _Cleaner:
    rules: Rules
    words: Vocabulary
    days: int

    def clean(self, dataset: Dataset) -> None:
        _fit_codes(dataset)
        privates = {tag: safe_kind(dataset, tag) for tag in list(dataset.keys()) if tag.is_private}
        blocks = {(tag.group, tag.element >> 8) for tag, kind in privates.items() if kind}
        for tag in list(dataset.keys()):
            if tag.is_private:
                self._private(dataset, tag, privates[tag], (tag.group, tag.element) in blocks)
                continue
            if tag.element == 0 or not dictionary_has_tag(tag):
                del dataset[tag]
                continue
            try:
                self._known(dataset, tag)
            except (RecursionError, MemoryError):
                raise
            except Exception:  # a value that cannot be read can raise anything, and has no place in what is shared
                del dataset[tag]

    def _private(self, dataset: Dataset, tag: BaseTag, kind: Kind | None, is_creator: bool) -> None:
        if "private" not in self.rules.options or not (kind or is_creator):
            del dataset[tag]
            return
        if is_creator:
            return
        value = getattr(dataset.get_item(tag), "value", None)
        if kind is None or not is_plausible(value, kind):
            del dataset[tag]
        elif kind == "datetime":
            moved = shift_datetime(_text(dataset, tag).strip(" \0"), self.days)
            if moved and "dates" in self.rules.options:
                dataset[tag] = DataElement(tag, "DT", moved)
            else:
                del dataset[tag]

    def _known(self, dataset: Dataset, tag: BaseTag) -> None:
        keyword, vr = dictionary_keyword(tag), dictionary_VR(tag)
        if vr != "SQ" and _contradicts(dataset, tag, vr):
            del dataset[tag]
            return
        wanted = action(int(tag), self.rules.options)
        if keyword in self.rules.timepoints and text(dataset, keyword) in self.rules.timepoints[keyword]:
            return
        if vr == "SQ":
            self._sequence(dataset, tag, wanted)
        elif vr == "UI":
            self._uid(dataset, tag, wanted)
        elif wanted == "" or wanted in "CK":
            self._checked(dataset, tag, keyword, vr)
        else:
            _emptied(dataset, tag, vr, wanted)

    def _sequence(self, dataset: Dataset, tag: BaseTag, wanted: str) -> None:
        if wanted not in ("", "C", "K") and "U*" not in wanted:
            if wanted == "X":
                del dataset[tag]
            else:
                dataset[tag].value = []
            return
        for item in dataset[tag].value:
            self.clean(item)

    def _uid(self, dataset: Dataset, tag: BaseTag, wanted: str) -> None:
        if wanted in ("X", "Z"):
            _emptied(dataset, tag, "UI", wanted)
            return
        element = dataset[tag]
        values = [element.value] if isinstance(element.value, str) or element.value is None else list(element.value)
        found = [UID(self.rules.uid(str(value or ""))) for value in values]
        element.value = found[0] if len(found) == 1 else found

    def _checked(self, dataset: Dataset, tag: BaseTag, keyword: str, vr: str) -> None:
        """Values that stay if they are what they should be."""
        fallback = action(int(tag), frozenset()) or "Z"
        dates = "dates" in self.rules.options
        if vr in _BINARY:
            return
        if vr in _BULK:
            if keyword not in read_words("kept.txt"):
                del dataset[tag]
            return
        old = _text(dataset, tag)
        if vr in _NUMBERS:
            fine = bool(_NUMBER.fullmatch(old))
        elif vr in ("DA", "DT", "TM"):
            move: dict[str, Callable[[str, int], str]] = {"DA": shift_date, "DT": shift_datetime}
            new = [move[vr](one.strip(), self.days) if vr in move else one.strip() for one in old.split("\\")]
            fine = dates and all(new) and (vr != "TM" or all(map(is_time, new)))
            if fine:
                dataset[tag].value = new[0] if len(new) == 1 else new
        elif vr == "AS":
            fine = bool(_AGE.fullmatch(old.strip()))
            if fine and old.strip()[3] == "Y" and int(old[:3]) > _NINETY:
                dataset[tag].value = f"{_NINETY:03}Y"
        elif keyword == "PatientSex":
            fine = old.strip() in _SEXES
        elif keyword in read_words("kept.txt"):
            fine = vr != "CS" or all(_CODE.fullmatch(part.strip()) for part in old.split("\\"))
        elif vr in _WORDS:
            fine = self._text(dataset, tag, keyword, vr)
        else:
            fine = False
        if not fine:
            _emptied(dataset, tag, vr, fallback)

    def _text(self, dataset: Dataset, tag: BaseTag, keyword: str, vr: str) -> bool:
        """Leave the known words of a text; False if nothing is left.

        The name of a region always stays one: a name that was changed, or of which nothing is left, gets its number.
        """
        value: Any = dataset[tag].value
        old = [value] if isinstance(value, str) or not hasattr(value, "__iter__") else list(value)
        texts = ["" if part is None else str(part).strip(" \0") for part in old]
        new = [self.words.clean(part) for part in texts]
        if keyword in _NAMES and new != texts:
            new = [f"{new[0] or 'ROI'} ({text(dataset, _NAMES[keyword])})"]
        elif keyword == "CodeMeaning" and not any(new):
            new = ["removed"]
        if new != texts:
            new = [part.upper() for part in new] if vr == "CS" else new
            dataset[tag].value = new[0] if len(new) == 1 else new
        return any(new) or not any(texts)


def _emptied(dataset: Dataset, tag: BaseTag, vr: str, wanted: str) -> None:
    """Of several actions of the table the last one, which every kind of object allows; what cannot be a dummy is removed."""
    last = wanted.rstrip("*")[-1]
    if last == "X" or vr in _BULK:
        del dataset[tag]
    elif last == "Z" or vr not in _DUMMIES:
        dataset[tag] = DataElement(tag, vr if " " not in vr else "UN", None)
    else:
        dataset[tag] = DataElement(tag, vr, _DUMMIES[vr])


def _contradicts(dataset: Dataset, tag: BaseTag, vr: str) -> bool:
    """Whether a file says that an attribute is of another representation than the standard's; unknown (UN) is none."""
    found = dataset.get_item(tag)
    own = getattr(found, "VR", None)
    if own in (None, vr):
        return False
    if own == "UN":
        return vr in _BINARY or vr in _BULK
    return str(own) not in vr.split(" or ")


def _text(dataset: Dataset, tag: BaseTag) -> str:
    """A value as text, several joined by a backslash; bytes that were not yet converted as they are."""
    value: Any = getattr(dataset.get_item(tag), "value", None)
    if isinstance(value, bytes):
        return value.decode("latin-1")
    parts = [value] if isinstance(value, str) or not hasattr(value, "__iter__") else value
    return "\\".join("" if part is None else str(part) for part in parts)


def _fit_codes(item: Dataset) -> None:
    """In an item that is a code: those of other than the public schemes go."""
    scheme = text(item, "CodingSchemeDesignator")
    pattern = _UNIT if scheme == "UCUM" else _CODE_VALUE
    for keyword in ("CodeValue", "LongCodeValue"):
        if keyword in item and not (scheme in _SCHEMES and pattern.fullmatch(text(item, keyword))):
            item[keyword].value, scheme = "removed", ""
    if "CodingSchemeDesignator" in item and scheme not in _SCHEMES:
        item.CodingSchemeDesignator = "99REMOVED"


def _mark(dataset: Dataset, patient: str, rules: Rules) -> None:
    """Say who the patient now is, and how that came."""
    dataset.PatientID = dataset.PatientName = patient
    dataset.PatientIdentityRemoved = "YES"
    dates = "MODIFIED" if "dates" in rules.options else "REMOVED"
    dataset.LongitudinalTemporalInformationModified = dates
    options = [option for option in OPTIONS if option in rules.options]
    dataset.DeidentificationMethod = [f"radweave {version('radweave')}, DICOM PS3.15 {EDITION}", *options]
    dataset.DeidentificationMethodCodeSequence = []
    for value, meaning in (BASIC_CODE, *(OPTION_CODES[option] for option in options)):
        code = Dataset()
        code.CodeValue, code.CodingSchemeDesignator, code.CodeMeaning = value, "DCM", meaning
        dataset.DeidentificationMethodCodeSequence.append(code)


def _replace_meta(dataset: Dataset) -> None:
    """New file meta information with nothing but what is needed, and an empty preamble."""
    old = getattr(dataset, "file_meta", None)
    syntax = getattr(old, "TransferSyntaxUID", None)
    if syntax is None:  # a file without meta information; pydicom found out how it is encoded
        implicit = dataset.original_encoding[0] is not False
        syntax = ImplicitVRLittleEndian if implicit else ExplicitVRLittleEndian
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = dataset.SOPClassUID
    meta.MediaStorageSOPInstanceUID = dataset.get("SOPInstanceUID")
    meta.TransferSyntaxUID = syntax
    if not meta.MediaStorageSOPInstanceUID:
        raise Rejected("DICOM_TRUNC", "a DICOM file has no SOPInstanceUID")
    dataset.file_meta, dataset.preamble = meta, b"\0" * 128
