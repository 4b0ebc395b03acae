"""Query: which series of a PACS belong to a source, asked by QIDO-RS. What servers filter each in its own way is filtered here."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any

from pydicom.datadict import tag_for_keyword

from features.core.catalog.image_source import DicomSource
from features.core.catalog.pacs_source import PacsSource
from features.core.errors import DataError, RadweaveError
from features.core.pseudonym import canonical_id
from features.pacs.server import Server

PAGE = 200
Row = Mapping[str, Any]  # a result of QIDO-RS: DICOM JSON
_MASKS = {"rtstruct": "RTSTRUCT", "seg": "SEG"}


@dataclass(frozen=True, slots=True)
class Series:
    """A series of the PACS. UIDs and patient stay in memory; the repr does not show them. `files`: 0 if unknown."""

    patient: str = field(repr=False)
    study: str = field(repr=False)
    uid: str = field(repr=False)
    files: int


@dataclass(frozen=True, slots=True)
class Study:
    """A study of the PACS, as Series. `series`, `files`: how many of each it has; 0 if unknown."""

    patient: str = field(repr=False)
    uid: str = field(repr=False)
    series: int
    files: int


def find_studies(server: Server, source: DicomSource, pacs: PacsSource, root: Path, today: date) -> list[Study]:
    """The studies by date, modality and patients.

    The server is asked for exact words alone; it may match them more loosely than meant, so patients are compared again.
    Raises RadweaveError if the file of patients is not there or holds wildcards, and what `Server.attempt` raises.
    """
    first, last = pacs.study_date.span(today)
    terms: dict[str, str] = {"ModalitiesInStudy": source.modality}
    if first or last:
        terms["StudyDate"] = "-".join(day.strftime("%Y%m%d") if day else "" for day in (first, last))
    queries = [terms]
    wanted: set[str] | None = None
    if pacs.patients:
        patients = read_patients(root, pacs.patients)
        wanted = {canonical_id(one) for one in patients}
        queries = [{**terms, "PatientID": one} for one in patients]
    counts = ["NumberOfStudyRelatedSeries", "NumberOfStudyRelatedInstances"]
    found: dict[str, Study] = {}
    for query in queries:
        search = partial(server.client.search_for_studies, search_filters=query, fields=counts)
        for row in _pages(server, search, "StudyInstanceUID"):
            patient = _text(row, "PatientID")
            if wanted is None or canonical_id(patient) in wanted:
                uid = _text(row, "StudyInstanceUID")
                found[uid] = Study(patient, uid, *(_count(row, name) for name in counts))
    return list(found.values())


def find_series(server: Server, study: Study, source: DicomSource, pacs: PacsSource) -> list[Series]:
    """The study's image series that the source wants, and its masks; none if it has no such image series."""
    images, masks = [], []
    pattern = re.compile(pacs.description, re.IGNORECASE)
    names = ["Modality", "SeriesDescription", "NumberOfSeriesRelatedInstances"]
    search = partial(server.client.search_for_series, study.uid, fields=names)
    for row in _pages(server, search, "SeriesInstanceUID", study.series):
        modality = _text(row, "Modality")
        one = Series(study.patient, study.uid, _text(row, "SeriesInstanceUID"), _count(row, names[-1]))
        if modality == _MASKS.get(source.mask.kind):
            masks.append(one)
        elif modality == source.modality and (
            not pacs.description or pattern.fullmatch(_text(row, "SeriesDescription").strip())
        ):
            images.append(one)
    return [*images, *masks] if images else []


def find_instances(server: Server, series: Series) -> list[str]:
    """SOP instance UIDs of a series."""
    search = partial(server.client.search_for_instances, series.study, series.uid)
    return [_text(row, "SOPInstanceUID") for row in _pages(server, search, "SOPInstanceUID", series.files)]


def read_patients(root: Path, name: str) -> list[str]:
    """The patient ids of a file below the cohort's root, one a line; empty lines and lines that begin with # are left out.

    Raises RadweaveError, which quotes no id, if it cannot be read or an id holds what a server takes for a wildcard.
    """
    path = (root / name).resolve()
    if not path.is_relative_to(root):
        raise RadweaveError(f'the file of patients "{name}" leads outside the folder of the cohort')
    try:
        lines = path.read_text("utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        what = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        raise DataError(f'the file of patients "{name}" cannot be read: {what}') from None
    found: dict[str, None] = {}
    for number, line in enumerate(lines, start=1):
        patient = line.strip()
        if patient and not patient.startswith("#"):
            if re.search(r"[*?\\]", patient):
                raise DataError(f"{name}:{number}: a patient id holds * or ? or \\, which servers take for wildcards")
            found[patient] = None
    if not found:
        raise DataError(f'the file of patients "{name}" names nobody')
    return list(found)


def _pages(server: Server, search: Callable[..., Sequence[Row]], keyword: str, enough: int = 0) -> Iterator[Row]:
    """Every result once, until there are `enough` or a page has nothing new: some servers give less than a page, some all."""
    seen: set[str] = set()
    offset = 0
    while not enough or len(seen) < enough:
        page = server.attempt(partial(search, limit=PAGE, offset=offset))
        before = len(seen)
        for row in page:
            uid = _text(row, keyword)
            if uid and uid not in seen:
                seen.add(uid)
                yield row
        if len(seen) == before:
            return
        offset += len(page)


def _text(row: Row, keyword: str) -> str:
    """The first value of an attribute as text; empty if there is none."""
    values = row.get(f"{tag_for_keyword(keyword):08X}", {}).get("Value") or [""]
    return str(values[0] if values[0] is not None else "")


def _count(row: Row, keyword: str) -> int:
    """A number of things, 0 if the server does not tell it."""
    text = _text(row, keyword)
    return int(text) if text.isdecimal() else 0
