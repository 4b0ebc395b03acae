"""index_cohort: every scan of a cohort with its files and digests, and a row for everything that cannot be used."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Container, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache as memoised
from functools import partial
from itertools import islice
from pathlib import Path

from features.core.case import CaseId, DrawnOn, FileSet, Scan
from features.core.catalog.catalog import Catalog
from features.core.catalog.image_source import DicomSource, FileSource
from features.core.digest import digest_bytes
from features.core.pseudonym import fingerprint
from features.core.quarantine import REASONS, Quarantined, Rejected
from features.images.index.absent import tell_absent
from features.images.index.archives import Unpacked, archives_of, is_archive
from features.images.index.conflicts import refused, set_apart, without_conflicts
from features.images.index.dicom_source import find_dicom
from features.images.index.file_cache import FileCache
from features.images.index.file_source import alike, find_files
from features.images.index.files import FoundFile, Listing, image_folder, list_files
from features.images.index.findings import Candidate, Findings, Listener, Pseudonyms, Refusal
from features.images.index.header import HeaderReader
from features.images.index.joined import join_images
from features.images.index.lesions import split_lesions
from features.images.index.visit_days import Plan, days_since, name_visits

Progress = Callable[[str, int, int], None]
DIGESTS = 8  # of the files of a row
_BATCH = 16  # candidates whose files are read side by side


@dataclass(frozen=True, slots=True)
class Index:
    """The scans of a cohort, sorted, and what was refused.

    `files`: how many files were used, merged (second copies), quarantined, `ignored_REASON` (the reasons of `Ignored`) and
    withdrawn; every file stands in one of them; empty where the cohort declares no images. `read`: files that were opened;
    `reused`: files that were known and not opened. `withdrawn`: scans left out. `warned`: doubts about sources of the catalog.
    `key_fingerprint`: of the key that the case ids were made with. `days`: patient and time point → the patient's own day, by
    dates of images.
    """

    cohort: str
    scans: tuple[Scan, ...]
    quarantined: tuple[Quarantined, ...]
    files: Mapping[str, int]
    read: int = 0
    reused: int = 0
    withdrawn: int = 0
    warned: tuple[Quarantined, ...] = ()
    key_fingerprint: str = ""
    days: Mapping[tuple[str, str], int] = field(default_factory=dict)

    @property
    def refused(self) -> frozenset[tuple[str, str, str]]:
        """Case, image and ROI of what was refused."""
        return frozenset((row.case, row.image, row.roi) for row in self.quarantined)

    @property
    def absent(self) -> frozenset[tuple[str, str, str]]:
        """Case, image and ROI of regions that patients have not, and need not have."""
        return frozenset((row.case, row.image, row.roi) for row in self.warned if row.code == "ROI_ABSENT")

    @property
    def is_of_tables(self) -> bool:
        """Whether the cohort has no images at all, and declares none."""
        return not (self.files or self.scans or self.quarantined)


def index_cohort(
    catalog: Catalog,
    name: str,
    key: bytes,
    progress: Progress | None = None,
    *,
    cache: FileCache | None = None,
    rehash: bool = False,
    withdrawn: frozenset[str] = frozenset(),
) -> Index:
    """Walk the image folders of a cohort and sort what is there into scans; pixels are not looked at, but for the labels of
    label maps that hold several lesions.

    Case ids hold pseudonyms; quarantine rows hold no names, paths or UIDs: files are told by the first 12 digits of their
    sha-256. `progress(what, done, total)` is called for archives, headers, label maps and digests.

    Files that the `cache` knows, by path, size and modification time, are not opened, but for a sample of those that
    were read longest ago; `rehash` reads all and accepts what is there. The cache is brought up to date, its last save
    is the caller's. `withdrawn`: cases or the beginnings of cases (`cohort:patient`, `cohort:patient:timepoint`) whose
    scans and refusals are left out.

    A bad file is quarantined and never stops the index. Quarantine codes: UNREADABLE, DICOM_TRUNC, PATIENT_UNKNOWN,
    TIMEPOINT_UNKNOWN, IMAGE_MISSING, MASK_MISSING, MASK_AMBIGUOUS, SERIES_AMBIGUOUS, PATIENT_CONFLICT, VISIT_ORDER,
    FILE_CHANGED, DICOM_MODALITY, DICOM_MIXED_PHASES, DICOM_DUP_SLICE, DICOM_DUP_UID_CONFLICT, DICOM_UID_COLLISION,
    DICOM_MISSING_END, SEG_REF, SEC_DOS, ARCHIVE_UNSAFE, ARCHIVE_BOMB, ARCHIVE_DAMAGED, and those of `labels_of` where
    lesions are told apart by label.
    Raises RadweaveError if the cohort or one of its folders does not exist, a pattern is no regular expression, or
    archives cannot be unpacked.
    """
    tell: Progress = progress or (lambda _what, _done, _total: None)
    cache = FileCache(None, key) if cache is None else cache
    if rehash:
        cache.distrust()
    found = _find(
        catalog,
        Pseudonyms(name, key, catalog.cohort(name).id_form),
        cache,
        lambda done, total: tell("headers", done, total),
    )
    every: list[Candidate | Refusal] = [*found.candidates, *found.refusals]
    left_out = [one for one in every if _is_withdrawn(one, name, withdrawn)]
    joined, unjoined = join_images([one for one in found.candidates if not _is_withdrawn(one, name, withdrawn)])
    candidates, without = split_lesions(joined, cache, lambda done, total: tell("label maps", done, total))
    without += unjoined
    left_out += [one for one in candidates if _is_withdrawn(one, name, withdrawn)]
    candidates, refusals = without_conflicts(
        [one for one in candidates if not _is_withdrawn(one, name, withdrawn)],
        [one for one in [*found.refusals, *without] if not _is_withdrawn(one, name, withdrawn)],
    )
    scans: list[Scan] = []
    for done, one in enumerate(_scans(candidates, name, cache), start=1):
        if isinstance(one, Scan):
            scans.append(one)
        else:
            refusals.append(one)
        tell("digests", done, len(candidates))
    quarantined = sorted((_row(refusal, name, found.readable, cache) for refusal in refusals), key=_order)
    gone = {file for one in left_out for file in one.files}
    places = _places(found, scans, refusals, gone)
    counted = ("used", "merged", "quarantined", *(["withdrawn"] if withdrawn else []))
    files = dict.fromkeys(counted if catalog.cohort(name).images else (), 0)
    files |= Counter(places.values())
    gone = {file for file in gone if places[file] == "withdrawn"}
    cache.forget_digests(gone & found.readable)
    cache.forget_unseen()
    read, reused = cache.counts(found.readable)
    scans = sorted(set_apart(scans), key=lambda scan: scan.sort_key)
    doubts = [doubt for doubt in found.doubts if not _is_withdrawn(doubt, name, withdrawn)]
    warned = tuple(sorted((_row(doubt, name, found.readable, cache) for doubt in doubts), key=_order))
    declared = catalog.cohort(name)
    days = {
        place: day
        for place, day in days_since(found.days, declared.timepoints, declared.planned).items()
        if not any(":".join((name, *place)[:n]) in withdrawn for n in (2, 3))
    }
    told = fingerprint(key), days
    return Index(name, tuple(scans), tuple(quarantined), files, read, reused, len(left_out), warned, *told)


def find_image_ids(catalog: Catalog, name: str, key: bytes) -> set[str]:
    """The patient ids in the files of a cohort, in the declared form: all headers and paths are read again.

    Raises RadweaveError as `index_cohort`.
    """
    names = Listener(name, key, catalog.cohort(name).id_form)
    _find(catalog, names, FileCache(None, key), lambda _done, _total: None)
    return names.ids


def preview_cohort(
    catalog: Catalog, names: Pseudonyms, cache: FileCache, progress: Progress
) -> tuple[list[Candidate], list[Refusal], list[Refusal]]:
    """What an index of the cohort of these names would find, without digests: scans, refusals, and doubts about sources.

    Raises RadweaveError as `index_cohort`.
    """
    found = _find(catalog, names, cache, lambda done, total: progress("headers", done, total))
    joined, unjoined = join_images(found.candidates)
    candidates, without = split_lesions(joined, cache, lambda done, total: progress("label maps", done, total))
    without += unjoined
    return *without_conflicts(candidates, [*found.refusals, *without]), found.doubts


def _find(catalog: Catalog, names: Pseudonyms, cache: FileCache, progress: Callable[[int, int], None]) -> Findings:
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
    for own in alike(source for source in cohort.sources if isinstance(source, FileSource)):
        here = partial(list_source, source=own[0])
        findings.add(find_files(here, own, cohort.timepoints, names.at(own[0].centre), cache))
    for source in cohort.sources:
        if isinstance(source, DicomSource):
            folders[source.centre, source.path].append(source)
    every = [source for sources in folders.values() for source in sources]
    reader_of = memoised(lambda names: HeaderReader(names, every))
    for (centre, path), sources in folders.items():
        reader = reader_of(names.at(centre))
        listing = list_source(path, sources[0])
        found = find_dicom(listing, sources, next(iter(cohort.timepoints)), reader, cache, progress)
        findings.add(found)
        findings.doubts += [doubt for source in sources if (doubt := _nothing_found(source, found))]
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
    other = sum(why == "not_dicom" for why in found.ignored.values())
    message = (
        f'no {source.modality} series{chosen} lies in "{source.path}"; of {len(found.files)} files {other} are no DICOM'
    )
    return Refusal(
        "SOURCE_UNMATCHED",
        source.centre,
        source.modality,
        (),
        message=message,
        image_name=source.image_name,
        roi_name=source.mask.roi_name,
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


def _is_withdrawn(one: Candidate | Refusal, cohort: str, withdrawn: frozenset[str]) -> bool:
    parts = (cohort, one.patient, one.timepoint, one.lesion)
    return bool(withdrawn and one.patient) and any(":".join(parts[:n]) in withdrawn for n in (2, 3, 4))


def _places(
    found: Findings, scans: Iterable[Scan], refusals: Iterable[Refusal], withdrawn: Iterable[Path]
) -> dict[Path, str]:
    """Where each file ends: in the first of used, quarantined, withdrawn, merged and ignored. None is forgotten."""
    places: dict[Path, str] = {file: f"ignored_{reason}" for file, reason in found.ignored.items()}
    places |= dict.fromkeys(found.merged, "merged")
    places |= dict.fromkeys(withdrawn, "withdrawn")
    places |= dict.fromkeys((file for refusal in refusals for file in refusal.files), "quarantined")
    places |= dict.fromkeys((file for scan in scans for one in scan.file_sets for file in one.paths), "used")
    if places.keys() != found.files:
        raise AssertionError(f"of {len(found.files)} files {len(places.keys() & found.files)} have a place")
    return places


def _scans(candidates: list[Candidate], cohort: str, cache: FileCache) -> Iterator[Scan | Refusal]:
    """Each candidate as a scan, or why it is none."""
    cache.verify(file for one in candidates for file in one.files)
    for start in range(0, len(candidates), _BATCH):
        batch = candidates[start : start + _BATCH]
        digests = iter(cache.digests(file for one in batch for file in one.files))
        for one in batch:
            found_of = dict(zip(one.files, islice(digests, len(one.files)), strict=True))
            bad = [found for found in found_of.values() if isinstance(found, Rejected)]
            yield refused(one, bad[0].code) if bad else _scan(one, cohort, found_of, cache)


def _scan(one: Candidate, cohort: str, digests: Mapping[Path, str | Rejected], cache: FileCache) -> Scan:
    """A candidate, whose files have digests, as a scan."""
    image = _file_set(one.image_format, one.image, digests, cache)
    readers = tuple(_scan(other, cohort, digests, cache) for other in one.readers)
    if readers:
        mask = FileSet(one.mask_format, (), digest_bytes("".join(other.mask.digest for other in readers).encode()))
    else:
        mask = _file_set(one.mask_format, one.mask, digests, cache)
    case = CaseId(cohort, one.patient, one.timepoint, one.lesion)
    return Scan(
        case,
        one.centre,
        one.modality,
        one.unit,
        image,
        mask,
        one.roi,
        one.rule,
        one.image_name,
        one.roi_name,
        drawn_on=_drawn_on(one, digests, cache),
        reader=one.reader,
        readers=readers,
        consensus=one.consensus,
        declared_readers=one.declared_readers,
        calculation=one.calculation,
    )


def _file_set(form: str, paths: tuple[Path, ...], digests: Mapping[Path, str | Rejected], cache: FileCache) -> FileSet:
    return FileSet(form, paths, _digest_of([digests[path] for path in paths]), cache.size(paths))


def _drawn_on(one: Candidate, digests: Mapping[Path, str | Rejected], cache: FileCache) -> DrawnOn | None:
    """The image that the mask of a candidate was drawn on, where that is another one."""
    other = one.drawn_on
    if other is None:
        return None
    files = _file_set(other.image_format, other.image, digests, cache)
    return DrawnOn(other.image_name, files, other.unit, other.rule, one.registration, other.calculation)


def _digest_of(digests: list[str | Rejected]) -> str:
    """The digest of a set of files, as digest_files makes it."""
    return digest_bytes("".join(sorted(map(str, digests))).encode())


def _unique(refusals: list[Refusal]) -> list[Refusal]:
    """One refusal for each file that cannot be read, however many sources look at it."""
    found: dict[object, Refusal] = {}
    for refusal in refusals:
        key = (refusal.code, refusal.files) if not refusal.patient else id(refusal)
        found.setdefault(key, refusal)
    return list(found.values())


def _row(refusal: Refusal, cohort: str, readable: Container[Path], cache: FileCache) -> Quarantined:
    files = [file for file in refusal.files if file in readable]
    digests = tuple(found[:12] for found in cache.digests(files[:DIGESTS]) if isinstance(found, str))
    known = refusal.patient, refusal.timepoint, refusal.lesion
    case = str(CaseId(cohort, *known)) if refusal.patient else f"{cohort}:unknown"
    return Quarantined(
        cohort=cohort,
        centre=refusal.centre,
        case=case,
        modality=refusal.modality,
        image=refusal.image_name or refusal.modality,
        roi=refusal.roi_name,
        stage="index",
        code=refusal.code,
        message=refusal.message or REASONS[refusal.code].means,
        details=dict(refusal.details),
        files=len(refusal.files),
        bytes=cache.size(files),
        digests=digests,
    )


def _order(row: Quarantined) -> tuple[str, ...]:
    return row.case, row.modality, row.image, row.roi, row.code, row.centre, str(sorted(row.details.items()))
