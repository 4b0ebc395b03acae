"""plan_folder: what becomes of each file below a folder; deidentify_file: one of them written anew without PHI."""

from __future__ import annotations

import io
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from features.core.catalog.catalog import Cohort
from features.core.catalog.id_form import IdForm
from features.core.catalog.image_source import DicomSource, FileSource
from features.core.errors import DataError, RadweaveError
from features.core.quarantine import Rejected
from features.core.storage.place import write_bytes
from features.images.dicom.burned_in import check_burned_in
from features.images.dicom.dataset import looks_like_dicom, quiet, read_dataset, text
from features.images.index.dates import date_in
from features.images.index.file_source import compile_template
from features.images.index.files import list_files
from features.images.index.findings import Pseudonyms
from features.privacy.dataset import Rules, deidentify_dataset
from features.privacy.dates import offset_days
from features.privacy.file_headers import strip_file
from features.privacy.profile import Option
from features.privacy.words import Vocabulary, words_in

_STORAGE = "1.2.840.10008.5.1.4.1.1."
_CLASSES = frozenset(  # images, contours, segmentations, doses; everything else holds what no table can clean
    _STORAGE + ending
    for ending in ("1", "1.1", "1.1.1", "2", "2.1", "2.2", "4", "4.1", "4.3", "4.4", "128", "128.1", "130")
) | frozenset(_STORAGE + ending for ending in ("481.2", "481.3", "66.4", "66.7"))
_VOLUMES = (".nii", ".nii.gz", ".nrrd", ".mha")


@dataclass(frozen=True)
class Job:
    """A file to be de-identified. target: its new place below OUT; or, of a DICOM file, the folder that it keeps.

    name: the old place below IN. centre: whose source of the catalog has the file; empty if there is none, or several.
    """

    source: Path
    name: str
    target: str
    patient: str = ""
    centre: str = ""


@dataclass(frozen=True)
class Plan:
    """The jobs of a folder, and how many entries of it cannot be read at all."""

    jobs: tuple[Job, ...]
    unreadable: int
    rules: Rules
    names: Pseudonyms


class _Template(NamedTuple):
    """The path of files of a source. date_format: of the dates that stand for its time points, "" if words do."""

    path: str
    pattern: re.Pattern[str]
    centre: str
    date_format: str

    def is_dated(self, match: re.Match[str]) -> bool:
        """Whether a path that fits has a date where one has to be."""
        word = match.groupdict().get("timepoint", "")
        return not (self.date_format and word) or date_in(word, self.date_format) is not None


def plan_folder(
    source: Path, target: Path, cohort: str, key: bytes, options: frozenset[Option], declared: Cohort | None = None
) -> Plan:
    """What to do with each file below `source`, which `declared`, the cohort of a catalog, may say more of.

    Of it come the form of patient ids, the folders of the images, which stay, the templates of NIfTI, NRRD and MetaImage
    paths, the words of ROI patterns and the codes of time points. Without it the paths of those files name no patient.

    Where ids have the centre in front, it is that of the source whose folder or template has the file; a file of no source,
    or of sources of several centres, has no known patient.

    Raises RadweaveError if `source` is no folder, one folder lies in the other, or `target` holds anything.
    """
    source, target = source.resolve(), target.resolve()
    if not source.is_dir():
        raise DataError(f"{source}: is no folder")
    if target.is_relative_to(source) or source.is_relative_to(target):
        raise RadweaveError(f"{target}: lies in {source}, or the other way round; choose another folder")
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        raise RadweaveError(f"{target}: is not empty; choose a new folder")
    names = Pseudonyms(cohort, key, declared.id_form if declared else IdForm())
    found, refused = list_files(source, source)
    images = declared.sources if declared else ()
    templates = [
        _Template(path, compile_template(path, None if form else codes), one.centre, form)
        for one in images
        if isinstance(one, FileSource)
        for form in (one.timepoint.date if one.timepoint else "",)
        if not form or "dates" in options  # without dates no folder is named for one
        for codes in (one.codes(declared.timepoints if declared else ()),)
        for path in sorted(one.templates, key=lambda path: -len(re.sub(r"{.*?}", "", path)))
    ]
    dicom = [one for one in images if isinstance(one, DicomSource)]
    folders = sorted({(str(PurePosixPath(one.path)), one.centre) for one in dicom}, key=lambda two: -len(two[0]))
    jobs = tuple(_job(file.path, file.name, templates, folders, names) for file in found)
    return Plan(jobs, len(refused), _rules(cohort, key, options, dicom), names)


def _rules(cohort: str, key: bytes, options: frozenset[Option], dicom: Sequence[DicomSource]) -> Rules:
    patterns = [one.mask.pattern for one in dicom] + [
        choice for one in dicom for choice in one.select.values() if isinstance(choice, str)
    ]
    known = {word for pattern in patterns for word in words_in(re.sub(r"\\.", " ", pattern))}
    timepoints: dict[str, frozenset[str]] = {}
    for one in dicom:
        if one.timepoint and one.timepoint.tag:
            timepoints[one.timepoint.tag] = timepoints.get(one.timepoint.tag, frozenset()) | set(one.timepoint.codes)
    return Rules(cohort, key, options, Vocabulary(frozenset(known)), timepoints)


def _job(
    path: Path,
    name: str,
    templates: Sequence[_Template],
    folders: Sequence[tuple[str, str]],
    names: Pseudonyms,
) -> Job:
    fitting = [(one, match) for one in templates if (match := one.pattern.fullmatch(name)) and one.is_dated(match)]
    if fitting:
        template, match = fitting[0]
        place, centre = template.path, _only(one.centre for one, _ in fitting)
        patient = _patient_of(names, match["patient"], centre)
        words = {**match.groupdict(), "patient": patient}
        if template.date_format and "timepoint" in words:
            words["timepoint"] = _moved(words["timepoint"], template.date_format, names, patient)
        for word, value in words.items():
            place = place.replace(f"{{{word}}}", value)
        return Job(path, name, place, patient, centre)
    holding = [(folder, centre) for folder, centre in folders if PurePosixPath(name).is_relative_to(folder)]
    folder = holding[0][0] if holding and holding[0][0] != "." else ""
    return Job(path, name, folder, centre=_only(centre for _, centre in holding))


def _moved(word: str, form: str, names: Pseudonyms, patient: str) -> str:
    """A date in the name of a folder, moved as far as those in the patient's DICOM files."""
    when = date_in(word, form)
    return (when - timedelta(offset_days(names.key, names.cohort, patient))).strftime(form) if when else ""


def _only(centres: Iterable[str]) -> str:
    """The one centre; empty if there is none, or several."""
    several = set(centres)
    return several.pop() if len(several) == 1 else ""


def _patient_of(names: Pseudonyms, raw: str, centre: str) -> str:
    """The pseudonym of an id of a centre; empty if there is none, or the centre stands in front of ids and is not known."""
    return "" if names.form.prefix and not centre else names.at(centre).patient(raw)


def deidentify_file(job: Job, plan: Plan, target: Path) -> Rejected | None:
    """Write one file below `target`; None if it is written.

    A DICOM file goes to FOLDER/PSEUDONYM/SERIES/FILE.dcm, the last two keyed hashes; any other where its template says.

    Raises Rejected: NOT_IMAGE (no image, contours, segmentation or dose; no template fits its path), PATIENT_UNKNOWN,
    PHI_BURNED, and the codes of `read_dataset` and `strip_file`. Raises StoreError if nothing can be written.
    """
    try:
        is_dicom = looks_like_dicom(job.source)
    except OSError as error:
        raise Rejected("UNREADABLE") from error
    if is_dicom:
        _write_dicom(job, plan, target)
        return None
    if not job.source.name.lower().endswith(_VOLUMES):
        raise Rejected("NOT_IMAGE")
    if not job.patient:
        raise Rejected(
            "PATIENT_UNKNOWN", _why_unknown(job, plan) or "no template of the catalog finds a patient in its path"
        )
    place = target / job.target
    partial = place.with_name(f".{place.name}.part")
    try:
        strip_file(job.source, partial)
        partial.replace(place)
    finally:
        partial.unlink(missing_ok=True)
    return None


def _write_dicom(job: Job, plan: Plan, target: Path) -> None:
    dataset = read_dataset(job.source)
    if text(dataset, "SOPClassUID") not in _CLASSES:
        check_burned_in(dataset)
        raise Rejected("NOT_IMAGE")
    check_burned_in(dataset)
    if any(tag.group >> 8 == 0x60 and tag.element == 0x0102 and dataset[tag].value for tag in list(dataset.keys())):
        raise Rejected("PHI_BURNED", "an overlay lies in unused bits of the pixels")
    patient = _patient_of(plan.names, text(dataset, "PatientID"), job.centre)
    if not patient:
        raise Rejected("PATIENT_UNKNOWN", _why_unknown(job, plan))
    series = plan.names.word(text(dataset, "SeriesInstanceUID"))[:16]
    deidentify_dataset(dataset, patient, plan.rules)
    data = io.BytesIO()
    with quiet():
        dataset.save_as(data, enforce_file_format=True)
    name = plan.names.word(f"file\0{job.name}")[:16]
    write_bytes(target / job.target / patient / series / f"{name}.dcm", data.getvalue())


def _why_unknown(job: Job, plan: Plan) -> str:
    if plan.names.form.prefix and not job.centre:
        return (
            "ids have their centre in front, and no source of the catalog, or those of several centres, have the file"
        )
    return ""
