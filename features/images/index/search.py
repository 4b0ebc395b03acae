"""search_cohort: what the folders of a cohort hold, source by source, before digests are made."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from functools import cache as memoised
from functools import partial
from pathlib import Path

from features.core.catalog.catalog import Catalog
from features.core.catalog.image_source import DicomSource, FileSource
from features.core.quarantine import Rejected
from features.core.wording import counted
from features.images.index.absent import tell_absent
from features.images.index.archives import Unpacked, archives_of, is_archive
from features.images.index.computed import stand_in
from features.images.index.dicom_source import find_dicom
from features.images.index.file_cache import FileCache
from features.images.index.file_source import alike, find_files
from features.images.index.files import FoundFile, Listing, image_folder, list_files
from features.images.index.findings import Candidate, Findings, Pseudonyms, Refusal
from features.images.index.header import DicomFile, HeaderReader
from features.images.index.visit_days import Plan, name_visits

Seen = list[tuple[str, list[DicomFile]]]  # centre, and its DICOM images and localizers


def search_cohort(
    catalog: Catalog,
    names: Pseudonyms,
    cache: FileCache,
    progress: Callable[[int, int], None],
    seen: Seen | None = None,
) -> Findings:
    """What all sources of a cohort find. seen: a list that the headers of DICOM files are added to, whatever they are good for.

    Raises RadweaveError as `index_cohort`.
    """
    cohort, root = catalog.cohort(names.cohort), catalog.root(names.cohort)
    findings = Findings()
    unpacked = Unpacked(names.key, names.cohort, root)

    def see(file: FoundFile) -> None:
        cache.see(file.path, f"{names.cohort}\0{file.real}", file.size, file.mtime_ns)

    @memoised
    def list_folder(path: str) -> Listing:
        files, refused = list[FoundFile](), list[Path]()
        for place in archives_of(root, path) or [image_folder(root, path)]:
            listing = list_files(place, root)
            files += listing[0]
            refused += listing[1]
        for file in files:
            see(file)
        return files, refused

    def list_source(path: str, source: FileSource | DicomSource) -> Listing:
        return _with_members(list_folder(path), source, findings, unpacked, see, cache)

    folders: dict[tuple[str, str], list[DicomSource]] = defaultdict(list)
    sources = cohort.every_source
    for own in alike(source for source in sources if isinstance(source, FileSource)):
        here = partial(list_source, source=own[0])
        findings.add(find_files(here, own, cohort.timepoints, names.at(own[0].centre), cache))
    for source in sources:
        if isinstance(source, DicomSource):
            folders[source.centre, source.path].append(source)
    every = [source for several in folders.values() for source in several]
    reader_of = memoised(lambda names: HeaderReader(names, every))
    for (centre, path), own_sources in folders.items():
        reader = reader_of(names.at(centre))
        listing = list_source(path, own_sources[0])
        files: list[DicomFile] | None = None if seen is None else []
        found = find_dicom(listing, own_sources, next(iter(cohort.timepoints)), reader, cache, progress, files)
        if seen is not None:
            seen.append((centre, files or []))
        findings.add(found)
        images = {source.image_name: source for source in reversed(own_sources)}
        findings.doubts += [doubt for source in images.values() if (doubt := _nothing_found(source, found))]
    stand_in(findings)
    tell_absent(findings, cohort.sources)
    unpacked.forget_others()
    by_date = [one.timepoint.within_days for one in cohort.images if one.timepoint and one.timepoint.is_by_date]
    if by_date:
        name_visits(findings, Plan(cohort.timepoints, cohort.planned, max(by_date)))
    findings.refusals = _unique(findings.refusals)
    return findings


def _nothing_found(source: DicomSource, found: Findings) -> Refusal | None:
    """The doubt about a source of which no series was found, whether it can be used or not."""
    every: list[Candidate | Refusal] = [*found.candidates, *found.refusals, *found.doubts]
    if source.pacs or any(
        (one.centre, one.modality, one.image_name or one.modality)
        == (source.centre, source.modality, source.image_name)
        for one in every
    ):
        return None
    chosen = " that select and ignore take" if source.select or source.ignore else ""
    word = f' for the image "{source.image_name}"' if source.image_name != source.modality else ""
    other = sum(why == "not_dicom" for why in found.ignored.values())
    of_files = f"not DICOM: {other} of {counted(len(found.files), 'file')}"
    message = f'no {source.modality} series{chosen} lies in "{source.path}"{word}; {of_files}'
    return Refusal(
        "SOURCE_UNMATCHED",
        source.centre,
        source.modality,
        (),
        message=message,
        image_name=source.image_name,
        roi_name=source.roi_name,
    )


def _with_members(
    listing: Listing,
    source: FileSource | DicomSource,
    findings: Findings,
    unpacked: Unpacked,
    see: Callable[[FoundFile], None],
    cache: FileCache,
) -> Listing:
    """The files of a folder with the members of its archives in their places.

    Of archives with equal bytes the first one counts, unless its name tells whose files they are.
    """
    files: list[FoundFile] = []
    for file in listing[0]:
        if not is_archive(file.name):
            files.append(file)
            continue
        findings.files.add(file.path)
        findings.readable.add(file.path)
        findings.ignored[file.path] = "archive"
        try:
            digest = cache.digests([file.path])[0]
            if isinstance(digest, Rejected):
                raise digest
            members = unpacked.members(file, digest)
        except Rejected as error:
            refusal = Refusal(error.code, source.centre, source.modality, (file.path,), message=error.message)
            findings.refusals.append(refusal)
            continue
        if isinstance(source, DicomSource) and unpacked.is_copy(file, digest):
            findings.merged.add(file.path)
            continue
        files += members
        for member in members:
            see(member)
    return files, listing[1]


def _unique(refusals: list[Refusal]) -> list[Refusal]:
    """One refusal for each file that cannot be read, however many sources look at it."""
    found: dict[object, Refusal] = {}
    for refusal in refusals:
        key = (refusal.code, refusal.files) if not refusal.patient else id(refusal)
        found.setdefault(key, refusal)
    return list(found.values())
