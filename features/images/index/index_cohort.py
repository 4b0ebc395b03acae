"""index_cohort: every scan of a cohort with its files and digests, and a row for everything that cannot be used."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Container, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import islice
from pathlib import Path

from features.core.case import CaseId, DrawnOn, FileSet, Scan
from features.core.catalog.catalog import Catalog
from features.core.digest import digest_bytes
from features.core.pseudonym import fingerprint
from features.core.quarantine import REASONS, Quarantined, Rejected
from features.images.index.computed import computed_scan, settle_computed
from features.images.index.conflicts import refused, set_apart, without_conflicts
from features.images.index.file_cache import FileCache
from features.images.index.findings import Candidate, Findings, Listener, Pseudonyms, Refusal
from features.images.index.joined import join_images
from features.images.index.lesions import split_lesions
from features.images.index.search import search_cohort
from features.images.index.visit_days import days_since

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
    found = search_cohort(
        catalog,
        Pseudonyms(name, key, catalog.cohort(name).id_form),
        cache,
        lambda done, total: tell("headers", done, total),
    )
    joined, unjoined = _joined(catalog, name, key, found, resolved=True)
    every: list[Candidate | Refusal] = [*joined, *unjoined, *found.refusals]
    left_out = [one for one in every if _is_withdrawn(one, name, withdrawn)]
    joined = [one for one in joined if not _is_withdrawn(one, name, withdrawn)]
    candidates, without = split_lesions(joined, cache, lambda done, total: tell("label maps", done, total))
    without += unjoined
    left_out += [one for one in candidates if _is_withdrawn(one, name, withdrawn)]
    candidates, refusals = without_conflicts(
        [one for one in candidates if not _is_withdrawn(one, name, withdrawn)],
        [one for one in [*found.refusals, *without] if not _is_withdrawn(one, name, withdrawn)],
    )
    scans: list[Scan] = []
    for done, one in enumerate(_scans(candidates, name, cache, catalog.folder), start=1):
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
    search_cohort(catalog, names, FileCache(None, key), lambda _done, _total: None)
    return names.ids


def preview_cohort(
    catalog: Catalog, names: Pseudonyms, cache: FileCache, progress: Progress
) -> tuple[list[Candidate], list[Refusal], list[Refusal]]:
    """What an index of the cohort of these names would find, without digests: scans, refusals, and doubts about sources.

    Raises RadweaveError as `index_cohort`.
    """
    found = search_cohort(catalog, names, cache, lambda done, total: progress("headers", done, total))
    joined, unjoined = _joined(catalog, names.cohort, names.key, found, resolved=False)
    candidates, without = split_lesions(joined, cache, lambda done, total: progress("label maps", done, total))
    without += unjoined
    return *without_conflicts(candidates, [*found.refusals, *without]), found.doubts


def _joined(
    catalog: Catalog, name: str, key: bytes, found: Findings, *, resolved: bool
) -> tuple[list[Candidate], list[Refusal]]:
    """Candidates with all that their ROIs are computed from, and joined with the images that their ROIs were drawn on."""
    cohort = catalog.cohort(name)
    candidates, told = found.candidates, list[Refusal]()
    if any(one.steps for one in candidates):
        names = Pseudonyms(name, key, cohort.id_form)
        folder = catalog.folder if resolved else None
        candidates, told = settle_computed(candidates, names, catalog.root(name), list(cohort.timepoints), folder)
    joined, unjoined = join_images(candidates, [*found.refusals, *told])
    return joined, [*unjoined, *told]


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


def _scans(candidates: list[Candidate], cohort: str, cache: FileCache, folder: Path) -> Iterator[Scan | Refusal]:
    """Each candidate as a scan, or why it is none."""
    cache.verify(file for one in candidates for file in one.files)
    for start in range(0, len(candidates), _BATCH):
        batch = candidates[start : start + _BATCH]
        digests = iter(cache.digests(file for one in batch for file in one.files))
        for one in batch:
            found_of = dict(zip(one.files, islice(digests, len(one.files)), strict=True))
            bad = [found for found in found_of.values() if isinstance(found, Rejected)]
            yield refused(one, bad[0].code) if bad else _scan(one, cohort, found_of, cache, folder)


def _scan(one: Candidate, cohort: str, digests: Mapping[Path, str | Rejected], cache: FileCache, folder: Path) -> Scan:
    """A candidate, whose files have digests, as a scan. folder: that of the catalog."""
    image = _file_set(one.image_format, one.image, digests, cache)
    readers = tuple(_scan(other, cohort, digests, cache, folder) for other in one.readers)
    if readers:
        mask = FileSet(one.mask_format, (), digest_bytes("".join(other.mask.digest for other in readers).encode()))
    else:
        mask = _file_set(one.mask_format, one.mask, digests, cache)
    case = CaseId(cohort, one.patient, one.timepoint, one.lesion)
    scan = Scan(
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
        segmentation=one.segmentation,
    )
    if one.drawn_on is not None and one.drawn_on.steps:  # it is computed of the image that it is drawn on
        there = _scan(one.drawn_on, cohort, digests, cache, folder)
        made = {"mask": there.mask, "roi": there.roi, "segmentation": there.segmentation, "settings": there.settings}
        scan = replace(scan, **made, inside=there.inside, place=there.place)  # type: ignore[arg-type]
    for step in one.steps:
        scan = computed_scan(scan, step, one.roi_name, folder)
    return scan


def _file_set(form: str, paths: tuple[Path, ...], digests: Mapping[Path, str | Rejected], cache: FileCache) -> FileSet:
    return FileSet(form, paths, _digest_of([digests[path] for path in paths]), cache.size(paths))


def _drawn_on(one: Candidate, digests: Mapping[Path, str | Rejected], cache: FileCache) -> DrawnOn | None:
    """The image that the mask of a candidate was drawn on, where that is another one."""
    other = one.drawn_on
    if other is None:
        return None
    files = _file_set(other.image_format, other.image, digests, cache)
    further = _drawn_on(other, digests, cache)
    return DrawnOn(
        other.image_name, files, other.unit, other.rule, one.registration, other.calculation, drawn_on=further
    )


def _digest_of(digests: list[str | Rejected]) -> str:
    """The digest of a set of files, as digest_files makes it."""
    return digest_bytes("".join(sorted(map(str, digests))).encode())


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
