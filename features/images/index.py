"""index_cohort: every scan of a cohort with its files and digests, and a row for everything that cannot be used."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Container, Iterator, Mapping
from dataclasses import dataclass
from functools import cache as memoised
from itertools import islice
from pathlib import Path

from features.core.case import CaseId, FileSet, Scan
from features.core.catalog import Catalog, DicomSource, FileSource
from features.core.digest import digest_bytes
from features.core.quarantine import REASONS, Quarantined, Rejected
from features.images.file_cache import FileCache
from features.images.files import Listing, image_folder, list_files
from features.images.findings import Candidate, Findings, Pseudonyms, Refusal
from features.images.header import HeaderReader
from features.images.index_dicom import find_dicom
from features.images.index_files import find_files

Progress = Callable[[str, int, int], None]
_BATCH = 16  # candidates whose files are read side by side


@dataclass(frozen=True, slots=True)
class Index:
    """The scans of a cohort, sorted, and what was refused.

    `files`: how many were used, quarantined, of no use by type (and withdrawn, if anyone withdrew). `read`: files that
    were opened; `reused`: files that were known and not opened. `withdrawn`: scans left out.
    """

    cohort: str
    scans: tuple[Scan, ...]
    quarantined: tuple[Quarantined, ...]
    files: Mapping[str, int]
    read: int = 0
    reused: int = 0
    withdrawn: int = 0


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
    """Walk the image folders of a cohort and sort what is there into scans; pixels are not looked at.

    Case ids hold pseudonyms; quarantine rows hold no names, paths or UIDs (a file whose case is unknown is told by the
    first 12 digits of its sha-256). `progress(what, done, total)` is called for headers and digests.

    Files that the `cache` knows, by path, size and modification time, are not opened, but for a sample of those that
    were read longest ago; `rehash` reads all and accepts what is there. The cache is brought up to date, its last save
    is the caller's. `withdrawn`: cases or the beginnings of cases (`cohort:patient`, `cohort:patient:timepoint`) whose
    scans and refusals are left out.

    A bad file is quarantined and never stops the index. Quarantine codes: UNREADABLE, DICOM_TRUNC, PATIENT_UNKNOWN,
    TIMEPOINT_UNKNOWN, IMAGE_MISSING, MASK_MISSING, MASK_AMBIGUOUS, SERIES_AMBIGUOUS, PATIENT_CONFLICT, FILE_CHANGED.
    Raises RadweaveError if the cohort or one of its folders does not exist, or an ROI pattern is no regular expression.
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
    candidates, conflicts = _without_conflicts([c for c in found.candidates if not _is_withdrawn(c, name, withdrawn)])
    refusals = [refusal for refusal in found.refusals if not _is_withdrawn(refusal, name, withdrawn)] + conflicts
    scans: list[Scan] = []
    for done, one in enumerate(_scans(candidates, name, cache), start=1):
        if isinstance(one, Scan):
            scans.append(one)
        else:
            refusals.append(one)
        tell("digests", done, len(candidates))
    quarantined = sorted((_row(refusal, name, found.readable, cache) for refusal in refusals), key=_order)
    used = {file for scan in scans for file in (*scan.image.paths, *scan.mask.paths)}
    lost = {file for refusal in refusals for file in refusal.files} - used
    gone = {file for one in left_out for file in one.files} - used - lost
    files = {"used": len(used), "quarantined": len(lost), "ignored_type": len(found.files - used - lost - gone)}
    if withdrawn:
        files["withdrawn"] = len(gone)
    if sum(files.values()) != len(found.files):
        raise AssertionError(f"{len(found.files)} files were found, but {files} counted")
    cache.forget_digests(gone & found.readable)
    cache.forget_unseen()
    read, reused = cache.counts(found.readable)
    scans.sort(key=lambda scan: scan.sort_key)
    return Index(name, tuple(scans), tuple(quarantined), files, read, reused, len(left_out))


def _find(catalog: Catalog, names: Pseudonyms, cache: FileCache, progress: Callable[[int, int], None]) -> Findings:
    cohort, root = catalog.cohort(names.cohort), catalog.root(names.cohort)
    findings = Findings()

    @memoised
    def list_folder(path: str) -> Listing:
        listing = list_files(image_folder(root, path), root)
        for file in listing[0]:
            cache.see(file.path, f"{names.cohort}\0{file.real}", file.size, file.mtime_ns)
        return listing

    folders: dict[tuple[str, str], list[DicomSource]] = defaultdict(list)
    for source in cohort.images:
        if isinstance(source, FileSource):
            findings.add(find_files(list_folder, source, cohort.timepoints, names))
        else:
            folders[source.centre, source.path].append(source)
    reader = HeaderReader(names, [source for sources in folders.values() for source in sources])
    for (_, path), sources in folders.items():
        findings.add(find_dicom(list_folder(path), sources, next(iter(cohort.timepoints)), reader, cache, progress))
    findings.refusals = _unique(findings.refusals)
    return findings


def _is_withdrawn(one: Candidate | Refusal, cohort: str, withdrawn: frozenset[str]) -> bool:
    parts = (cohort, one.patient, one.timepoint, one.lesion)
    return bool(withdrawn and one.patient) and any(":".join(parts[:n]) in withdrawn for n in (2, 3, 4))


def _scans(candidates: list[Candidate], cohort: str, cache: FileCache) -> Iterator[Scan | Refusal]:
    """Each candidate as a scan, or why it is none."""
    cache.verify(file for one in candidates for file in one.files)
    for start in range(0, len(candidates), _BATCH):
        batch = candidates[start : start + _BATCH]
        digests = iter(cache.digests(file for one in batch for file in one.files))
        for one in batch:
            images, masks = list(islice(digests, len(one.image))), list(islice(digests, len(one.mask)))
            bad = [found for found in (*images, *masks) if isinstance(found, Rejected)]
            if bad:
                yield _refused(one, bad[0].code)
                continue
            image = FileSet(one.image_format, one.image, _digest_of(images), cache.size(one.image))
            mask = FileSet(one.mask_format, one.mask, _digest_of(masks), cache.size(one.mask))
            case = CaseId(cohort, one.patient, one.timepoint, one.lesion)
            yield Scan(case, one.centre, one.modality, one.unit, image, mask, one.roi, one.rule)


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


def _without_conflicts(candidates: list[Candidate]) -> tuple[list[Candidate], list[Refusal]]:
    """Candidates that are alone under their name: one centre for each patient, one image for each case and modality."""
    centres: dict[str, set[str]] = defaultdict(set)
    for one in candidates:
        centres[one.patient].add(one.centre)
    count = Counter((one.patient, one.timepoint, one.lesion, one.modality) for one in candidates)
    kept: list[Candidate] = []
    refusals: list[Refusal] = []
    for one in candidates:
        if len(centres[one.patient]) > 1:
            refusals.append(_refused(one, "PATIENT_CONFLICT"))
        elif count[one.patient, one.timepoint, one.lesion, one.modality] > 1:
            refusals.append(_refused(one, "SERIES_AMBIGUOUS"))
        else:
            kept.append(one)
    return kept, refusals


def _refused(one: Candidate, code: str) -> Refusal:
    return Refusal(code, one.centre, one.modality, one.files, one.patient, one.timepoint, one.lesion)


def _row(refusal: Refusal, cohort: str, readable: Container[Path], cache: FileCache) -> Quarantined:
    details = dict(refusal.details)
    digests: tuple[str, ...] = ()
    if refusal.patient:
        case = str(CaseId(cohort, refusal.patient, refusal.timepoint, refusal.lesion))
        details["files"] = len(refusal.files)
    else:
        case = f"{cohort}:unknown"
        found = cache.digests(file for file in refusal.files[:1] if file in readable)
        digests = tuple(digest[:12] for digest in found if isinstance(digest, str))
        details["sha256"] = "".join(digests)
    return Quarantined(
        cohort=cohort,
        centre=refusal.centre,
        case=case,
        modality=refusal.modality,
        stage="index",
        code=refusal.code,
        message=refusal.message or REASONS[refusal.code].means,
        details=details,
        files=len(refusal.files),
        bytes=cache.size(file for file in refusal.files if file in readable),
        digests=digests,
    )


def _order(row: Quarantined) -> tuple[str, ...]:
    return row.case, row.modality, row.code, row.centre, str(sorted(row.details.items()))
