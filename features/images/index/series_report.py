"""report_series: which DICOM series of a cohort became which image, and why the others did not."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from features.core.case import CaseId
from features.core.catalog.catalog import Catalog
from features.core.catalog.image_source import DicomSource
from features.images.index.conflicts import without_conflicts
from features.images.index.file_cache import FileCache
from features.images.index.findings import Findings, Pseudonyms
from features.images.index.header import DicomFile
from features.images.index.joined import join_images
from features.images.index.search import Seen, search_cohort
from features.images.index.series_facts import SeriesFacts, facts_of

Progress = Callable[[str, int, int], None]


@dataclass(frozen=True, slots=True)
class SeriesRow:
    """Files of one series that had one fate. case: without a time point if none is known.

    images: words of the images that they are part of. left: why they are of no use: a reason as file counts have it, or codes of
    quarantine; empty if they are used and nothing is wrong.
    """

    case: str
    centre: str
    modality: str
    images: tuple[str, ...]
    left: str
    files: int
    facts: SeriesFacts


@dataclass(frozen=True, slots=True)
class WordCount:
    """Of an image that the catalog declares: in how many of the patients' visits it is, and by how many series and files."""

    centre: str
    image: str
    visits: int
    lacking: int
    series: int
    files: int


@dataclass(frozen=True, slots=True)
class SeriesReport:
    """All series of a cohort, by centre and case, and its images counted by word and centre."""

    rows: tuple[SeriesRow, ...]
    counts: tuple[WordCount, ...]


@dataclass(slots=True)
class _Fates:
    """What became of files: words of images; codes of refusals; the time point of their visit."""

    words: dict[Path, set[str]] = field(default_factory=lambda: defaultdict(set))
    codes: dict[Path, set[str]] = field(default_factory=lambda: defaultdict(set))
    timepoints: dict[Path, str] = field(default_factory=dict)


def report_series(
    catalog: Catalog,
    names: Pseudonyms,
    cache: FileCache,
    progress: Progress,
    *,
    descriptions: bool = False,
    withdrawn: frozenset[str] = frozenset(),
) -> SeriesReport:
    """What an index of the cohort of these names makes of its DICOM series; files that the cache knows are not read again.

    descriptions: SeriesDescriptions, too, which may tell who the patient is. withdrawn: as `index_cohort`; what may be of them is
    left out. Raises RadweaveError as `index_cohort`.
    """
    seen: Seen = []
    found = search_cohort(catalog, names, cache, lambda done, total: progress("headers", done, total), seen)
    joined, unjoined = join_images(found.candidates, found.refusals)
    candidates, refusals = without_conflicts(joined, [*found.refusals, *unjoined])
    fates = _Fates()
    for one in candidates:
        for path in one.image:
            fates.words[path].add(one.image_name)
            fates.timepoints[path] = one.timepoint
    for refusal in refusals:
        for path in refusal.files:
            fates.codes[path].add(refusal.code)
            fates.timepoints.setdefault(path, refusal.timepoint)
    groups = list(_groups(seen, found, fates))
    rows = []
    for done, (centre, files, images, left) in enumerate(groups, start=1):
        header, path = files[0].header, files[0].path
        case = str(CaseId(names.cohort, header.patient, fates.timepoints.get(path, "")))
        if _is_withdrawn(case, withdrawn):
            continue
        facts = facts_of(files, description=descriptions)
        rows.append(SeriesRow(case, centre, header.modality, images, left, len(files), facts))
        progress("series", done, len(groups))
    rows.sort(key=lambda row: (row.centre, row.case, row.modality, row.images, row.left))
    return SeriesReport(tuple(rows), tuple(_counts(catalog, names.cohort, rows)))


def _is_withdrawn(case: str, withdrawn: frozenset[str]) -> bool:
    """Whether a case is withdrawn; without a time point, whether one of the patient is."""
    if case.count(":") < 2:
        return any(one == case or one.startswith(f"{case}:") for one in withdrawn)
    return case in withdrawn or case.rsplit(":", 1)[0] in withdrawn


def _groups(seen: Seen, found: Findings, fates: _Fates) -> Iterator[tuple[str, list[DicomFile], tuple[str, ...], str]]:
    """The files of each series that have one fate, with their centre, the words of their images and why they were left."""
    for centre, files in seen:
        groups: dict[tuple[str, str, tuple[str, ...], str], list[DicomFile]] = defaultdict(list)
        for file in files:
            words, codes = tuple(sorted(fates.words.get(file.path, ()))), sorted(fates.codes.get(file.path, ()))
            left = "" if words else ", ".join(codes)  # what is said of a used series is of an image that takes its ROIs
            if not words and not codes:
                left = "merged" if file.path in found.merged else found.ignored.get(file.path, "")
            groups[file.header.patient, file.header.series, words, left].append(file)
        for (_, _, words, left), own in groups.items():
            yield centre, own, words, left


def _counts(catalog: Catalog, cohort: str, rows: list[SeriesRow]) -> Iterator[WordCount]:
    declared = [one for one in catalog.cohort(cohort).sources if isinstance(one, DicomSource)]
    visits: dict[str, set[str]] = defaultdict(set)
    for row in rows:
        if row.images or (row.left.isupper() and row.case.count(":") == 2):
            visits[row.centre].add(row.case)
    for centre, image in dict.fromkeys((one.centre, one.image_name) for one in declared):
        own = [row for row in rows if row.centre == centre and image in row.images]
        there = {row.case for row in own}
        yield WordCount(centre, image, len(there), len(visits[centre] - there), len(own), sum(row.files for row in own))
